// The questions of the bundled data set. A question: its kind, its text, the reference statement, and (but for the
// kinds that write) the expected answers, written down by hand: a test compares them with what the reference gives.

const length = "CAST(REPLACE(`Length (km)`, ',', '') AS DECIMAL)";
const height = "CAST(REPLACE(`Height (m)`, ',', '') AS DECIMAL)";
const diameter = "CAST(REPLACE(`Diameter (km)`, ',', '') AS DECIMAL)";

export const questions = {
  planets: [
    [
      "other",
      "Of which kind is the planet Uranus?",
      "SELECT `Kind` FROM `Planets` WHERE `Planet` = 'Uranus'",
      ["ice giant"],
    ],
    ["counting", "How many planets have rings?", "SELECT COUNT(*) FROM `Planets` WHERE `Rings` = 'yes'", ["4"]],
    [
      "comparison",
      "Which planets are wider than 50,000 km?",
      `SELECT \`Planet\` FROM \`Planets\` WHERE ${diameter} > 50000`,
      ["Jupiter", "Saturn", "Uranus"],
    ],
    [
      "comparison",
      "Which of the planets need less than one Earth year (365.2 days) for an orbit?",
      "SELECT `Planet` FROM `Planets` WHERE `Orbital period (days)` + 0 < 365.2",
      ["Mercury", "Venus"],
    ],
    [
      "ranking",
      "Which terrestrial planet is the largest by diameter?",
      `SELECT \`Planet\` FROM \`Planets\` WHERE \`Kind\` = 'terrestrial' ORDER BY ${diameter} DESC LIMIT 1`,
      ["Earth"],
    ],
    [
      "aggregation-SUM",
      "What do the diameters of the two gas giants add up to, in km?",
      `SELECT SUM(${diameter}) FROM \`Planets\` WHERE \`Kind\` = 'gas giant'`,
      ["263520"],
    ],
    [
      "aggregation-MIN",
      "In which year was the first planet discovered, of those with a year in the table?",
      "SELECT MIN(`Year discovered` + 0) FROM `Planets` WHERE `Year discovered` IS NOT NULL",
      ["1781"],
    ],
    [
      "INSERT",
      "Pluto was left out. Add it to the table with the order 9, the kind dwarf planet, a diameter of 2,377 km, an orbital period of 90560 days, no rings, and 1930 as the year of its discovery.",
      "INSERT INTO `Planets` VALUES (9, 'Pluto', 'dwarf planet', '2,377', 90560, 'no', 1930)",
    ],
    [
      "UPDATE",
      "Set the orbital period of Neptune to 60190 days.",
      "UPDATE `Planets` SET `Orbital period (days)` = '60190' WHERE `Planet` = 'Neptune'",
    ],
  ],
  elements: [
    [
      "other",
      "What is the Symbol of 'Potassium'?",
      "SELECT `Symbol` FROM `Chemical Elements` WHERE `Element` = 'Potassium'",
      ["K"],
    ],
    [
      "other",
      "Which elements in the table are liquid?",
      "SELECT `Element` FROM `Chemical Elements` WHERE `State` = 'liquid'",
      ["Bromine", "Mercury"],
    ],
    [
      "counting",
      "How many elements have the group 'noble gas'?",
      "SELECT COUNT(*) FROM `Chemical Elements` WHERE `Group` = 'noble gas'",
      ["3"],
    ],
    [
      "counting",
      "For how many elements does the table give no year of discovery?",
      "SELECT COUNT(*) FROM `Chemical Elements` WHERE `Year discovered` IS NULL",
      ["3"],
    ],
    [
      "comparison",
      "Which metals have an atomic number below 15?",
      "SELECT `Element` FROM `Chemical Elements` WHERE `Group` = 'metal' AND `Atomic number` + 0 < 15",
      ["Sodium", "Aluminium"],
    ],
    [
      "ranking",
      "Which nonmetal has the highest atomic number?",
      "SELECT `Element` FROM `Chemical Elements` WHERE `Group` = 'nonmetal' ORDER BY `Atomic number` + 0 DESC LIMIT 1",
      ["Iodine"],
    ],
    [
      "aggregation-AVG",
      "What is the average atomic number of the elements discovered in 1807?",
      "SELECT AVG(`Atomic number` + 0) FROM `Chemical Elements` WHERE `Year discovered` = '1807'",
      ["15"],
    ],
    [
      "aggregation-MAX",
      "What is the largest atomic number among the gases?",
      "SELECT MAX(`Atomic number` + 0) FROM `Chemical Elements` WHERE `State` = 'gas'",
      ["36"],
    ],
    [
      "INSERT",
      "Add a row to the table with the values 'Helium', 'He', '2', 'noble gas', 'gas' and '1868'.",
      "INSERT INTO `Chemical Elements` (`Element`, `Symbol`, `Atomic number`, `Group`, `State`, `Year discovered`) VALUES ('Helium', 'He', '2', 'noble gas', 'gas', '1868')",
    ],
    [
      "UPDATE",
      "Calcium, sodium and potassium should be listed with the group 'light metal' instead of 'metal'.",
      "UPDATE `Chemical Elements` SET `Group` = 'light metal' WHERE `Element` IN ('Calcium', 'Sodium', 'Potassium')",
    ],
  ],
  summits: [
    [
      "other",
      "In which country is Kilimanjaro?",
      "SELECT `Country` FROM `High Summits` WHERE `Summit` = 'Kilimanjaro'",
      ["Tanzania"],
    ],
    [
      "counting",
      "How many summits lie in the continent 'Africa'?",
      "SELECT COUNT(*) FROM `High Summits` WHERE `Continent` = 'Africa'",
      ["2"],
    ],
    [
      "counting",
      "How many of these summits belong at least in part to Nepal?",
      "SELECT COUNT(*) FROM `High Summits` WHERE `Country` LIKE '%Nepal%'",
      ["5"],
    ],
    [
      "comparison",
      "Which summits were first climbed before 1880?",
      "SELECT `Summit` FROM `High Summits` WHERE `First ascent` < '1880'",
      ["Elbrus", "Mont Blanc", "Matterhorn"],
    ],
    [
      "ranking",
      "What is the highest summit outside Asia?",
      `SELECT \`Summit\` FROM \`High Summits\` WHERE \`Continent\` <> 'Asia' ORDER BY ${height} DESC LIMIT 1`,
      ["Aconcagua"],
    ],
    [
      "ranking",
      "Which European summits are the two highest in the table?",
      `SELECT \`Summit\` FROM \`High Summits\` WHERE \`Continent\` = 'Europe' ORDER BY ${height} DESC LIMIT 2`,
      ["Elbrus", "Mont Blanc"],
    ],
    [
      "aggregation-MIN",
      "What is the height in metres of the lowest summit in the table?",
      `SELECT MIN(${height}) FROM \`High Summits\``,
      ["3724"],
    ],
    [
      "aggregation-MAX",
      "In which year was the last of the Asian summits climbed for the first time?",
      "SELECT MAX(`First ascent` + 0) FROM `High Summits` WHERE `Continent` = 'Asia'",
      ["1956"],
    ],
    [
      "INSERT",
      "Enter the summit Puncak Jaya of Indonesia, on the continent Oceania, 4,884 m high and first climbed in 1962.",
      "INSERT INTO `High Summits` (`Summit`, `Continent`, `Country`, `Height (m)`, `First ascent`) VALUES ('Puncak Jaya', 'Oceania', 'Indonesia', '4,884', '1962')",
    ],
    [
      "UPDATE",
      "The summit listed as Denali should be called 'Denali (Mount McKinley)'.",
      "UPDATE `High Summits` SET `Summit` = 'Denali (Mount McKinley)' WHERE `Summit` = 'Denali'",
    ],
  ],
  rivers: [
    [
      "other",
      "What is the Mouth of the 'Danube'?",
      "SELECT `Mouth` FROM `long_rivers` WHERE `River` = 'Danube'",
      ["Black Sea"],
    ],
    [
      "counting",
      "How many rivers are listed with the mouth 'Atlantic Ocean'?",
      "SELECT COUNT(*) FROM `long_rivers` WHERE `Mouth` = 'Atlantic Ocean'",
      ["5"],
    ],
    [
      "comparison",
      "Which rivers are longer than 5,000 km?",
      `SELECT \`River\` FROM \`long_rivers\` WHERE ${length} > 5000`,
      ["Nile", "Amazon", "Yangtze"],
    ],
    [
      "ranking",
      "Which river in Asia is the shortest one in the table?",
      `SELECT \`River\` FROM \`long_rivers\` WHERE \`Continent\` = 'Asia' ORDER BY ${length} LIMIT 1`,
      ["Ganges"],
    ],
    [
      "aggregation-SUM",
      "How many kilometres do the two rivers of South America have together?",
      `SELECT SUM(${length}) FROM \`long_rivers\` WHERE \`Continent\` = 'South America'`,
      ["8540"],
    ],
    [
      "aggregation-AVG",
      "What is the average length in km of the rivers that end in the Black Sea?",
      `SELECT AVG(${length}) FROM \`long_rivers\` WHERE \`Mouth\` = 'Black Sea'`,
      ["2525"],
    ],
    [
      "aggregation-MAX",
      "How long, in km, is the longest river of Europe?",
      `SELECT MAX(${length}) FROM \`long_rivers\` WHERE \`Continent\` = 'Europe'`,
      ["3530"],
    ],
    [
      "INSERT",
      "Insert the river 'Yukon' with the values 'Yukon', '3,190', 'North America', 'Bering Sea'.",
      "INSERT INTO `long_rivers` VALUES ('Yukon', '3,190', 'North America', 'Bering Sea')",
    ],
    [
      "UPDATE",
      "Write 'Gulf of Guinea' as the mouth of the river Niger.",
      "UPDATE `long_rivers` SET `Mouth` = 'Gulf of Guinea' WHERE `River` = 'Niger'",
    ],
  ],
  countries: [
    [
      "other",
      "What is the Capital of 'Iceland'?",
      "SELECT `Capital` FROM `Countries` WHERE `Country` = 'Iceland'",
      ["Reykjavík"],
    ],
    [
      "other",
      "Which country has the capital Bern?",
      "SELECT `Country` FROM `Countries` WHERE `Capital` = 'Bern'",
      ["Switzerland"],
    ],
    [
      "counting",
      "How many countries pay with the 'euro'?",
      "SELECT COUNT(*) FROM `Countries` WHERE `Currency` = 'euro'",
      ["7"],
    ],
    [
      "counting",
      "How many different currencies are there in the table?",
      "SELECT COUNT(DISTINCT `Currency`) FROM `Countries`",
      ["12"],
    ],
    [
      "comparison",
      "Which countries joined the UN after 1960?",
      "SELECT `Country` FROM `Countries` WHERE `Joined the UN` + 0 > 1960",
      ["Germany", "Switzerland", "South Korea", "Kenya"],
    ],
    [
      "ranking",
      "Which country in the table was the last to join the UN?",
      "SELECT `Country` FROM `Countries` ORDER BY `Joined the UN` + 0 DESC LIMIT 1",
      ["Switzerland"],
    ],
    [
      "aggregation-MIN",
      "In which year did the first Asian country in the table join the UN?",
      "SELECT MIN(`Joined the UN` + 0) FROM `Countries` WHERE `Continent` = 'Asia'",
      ["1945"],
    ],
    [
      "INSERT",
      "Add Finland to the table: a European country with the capital Helsinki that pays with the euro and joined the UN in 1955.",
      "INSERT INTO `Countries` (`Country`, `Capital`, `Continent`, `Currency`, `Joined the UN`) VALUES ('Finland', 'Helsinki', 'Europe', 'euro', '1955')",
    ],
    [
      "UPDATE",
      "Set the Currency of 'South Korea' to 'South Korean won'.",
      "UPDATE `Countries` SET `Currency` = 'South Korean won' WHERE `Country` = 'South Korea'",
    ],
  ],
  languages: [
    [
      "other",
      "Who is the Creator of 'Perl'?",
      "SELECT `Creator` FROM `Programming Languages` WHERE `Language` = 'Perl'",
      ["Larry Wall"],
    ],
    [
      "other",
      "Which languages did Niklaus Wirth create?",
      "SELECT `Language` FROM `Programming Languages` WHERE `Creator` = 'Niklaus Wirth'",
      ["Pascal", "Modula-2", "Oberon"],
    ],
    [
      "counting",
      "How many languages of the table appeared in '1995'?",
      "SELECT COUNT(*) FROM `Programming Languages` WHERE `Year` = '1995'",
      ["4"],
    ],
    [
      "counting",
      "How many creators have more than one language in the table?",
      "SELECT COUNT(*) FROM (SELECT `Creator` FROM `Programming Languages` GROUP BY `Creator` HAVING COUNT(*) > 1) AS `repeated`",
      ["2"],
    ],
    [
      "comparison",
      "Which languages with dynamic typing are older than 1980?",
      "SELECT `Language` FROM `Programming Languages` WHERE `Typing` = 'dynamic' AND `Year` + 0 < 1980",
      ["Lisp", "Smalltalk", "Prolog"],
    ],
    [
      "ranking",
      "What is the oldest language in the table with static typing?",
      "SELECT `Language` FROM `Programming Languages` WHERE `Typing` = 'static' ORDER BY `Year` + 0 LIMIT 1",
      ["Fortran"],
    ],
    [
      "aggregation-AVG",
      "What is the average year of the languages by Anders Hejlsberg?",
      "SELECT AVG(`Year` + 0) FROM `Programming Languages` WHERE `Creator` = 'Anders Hejlsberg'",
      ["2006"],
    ],
    [
      "INSERT",
      "Haskell, a language with static typing that a committee created in 1990, is missing. Enter it with the creator 'Haskell committee'.",
      "INSERT INTO `Programming Languages` (`Language`, `Year`, `Creator`, `Typing`) VALUES ('Haskell', '1990', 'Haskell committee', 'static')",
    ],
    [
      "UPDATE",
      "Change the typing of 'Lisp' to 'dynamic and strong'.",
      "UPDATE `Programming Languages` SET `Typing` = 'dynamic and strong' WHERE `Language` = 'Lisp'",
    ],
  ],
  olympics: [
    [
      "other",
      "Which city was the host in 1992?",
      "SELECT `Host city` FROM `Summer Olympics` WHERE `Year` = '1992'",
      ["Barcelona"],
    ],
    [
      "other",
      "In which years did the Games take place in the United States?",
      "SELECT `Year` FROM `Summer Olympics` WHERE `Host country` = 'United States'",
      ["1984", "1996"],
    ],
    [
      "counting",
      "How many times was 'Tokyo' the host?",
      "SELECT COUNT(*) FROM `Summer Olympics` WHERE `Host city` = 'Tokyo'",
      ["2"],
    ],
    [
      "comparison",
      "Which Games since 2000 had more than 305 events, by their number in Roman digits?",
      "SELECT `Games` FROM `Summer Olympics` WHERE `Year` + 0 >= 2000 AND `Events` + 0 > 305",
      ["XXXI", "XXXII"],
    ],
    [
      "ranking",
      "Which city was the first one outside Europe to be the host?",
      "SELECT `Host city` FROM `Summer Olympics` WHERE `Continent` <> 'Europe' ORDER BY `Year` + 0 LIMIT 1",
      ["Tokyo"],
    ],
    [
      "aggregation-SUM",
      "How many events were there in total at the Games of the 1960s?",
      "SELECT SUM(`Events` + 0) FROM `Summer Olympics` WHERE `Year` LIKE '196%'",
      ["485"],
    ],
    [
      "aggregation-AVG",
      "What is the average number of events of the Games in Los Angeles and Atlanta?",
      "SELECT AVG(`Events` + 0) FROM `Summer Olympics` WHERE `Host city` IN ('Los Angeles', 'Atlanta')",
      ["246"],
    ],
    [
      "aggregation-MAX",
      "What is the largest number of events at any Games in Europe?",
      "SELECT MAX(`Events` + 0) FROM `Summer Olympics` WHERE `Continent` = 'Europe'",
      ["302"],
    ],
    [
      "INSERT",
      "The XXXIII Games of 2024 took place in Paris, France, with 329 events. Record them.",
      "INSERT INTO `Summer Olympics` (`Games`, `Year`, `Host city`, `Host country`, `Continent`, `Events`) VALUES ('XXXIII', '2024', 'Paris', 'France', 'Europe', '329')",
    ],
    [
      "UPDATE",
      "The Games with the number XXXII were held a year later than planned: correct their year to 2021.",
      "UPDATE `Summer Olympics` SET `Year` = 2021 WHERE `Games` = 'XXXII'",
    ],
  ],
  instruments: [
    [
      "other",
      "To which Family does the 'Saxophone' belong?",
      "SELECT `Family` FROM `Musical Instruments` WHERE `Instrument` = 'Saxophone'",
      ["woodwind"],
    ],
    [
      "counting",
      "How many instruments belong to the family 'brass'?",
      "SELECT COUNT(*) FROM `Musical Instruments` WHERE `Family` = 'brass'",
      ["4"],
    ],
    [
      "comparison",
      "Which instruments have more than five strings?",
      "SELECT `Instrument` FROM `Musical Instruments` WHERE `Strings` + 0 > 5",
      ["Guitar", "Mandolin", "Concert harp"],
    ],
    [
      "ranking",
      "Which instrument of the table has the most strings after the concert harp?",
      "SELECT `Instrument` FROM `Musical Instruments` WHERE `Instrument` <> 'Concert harp' ORDER BY `Strings` + 0 DESC LIMIT 1",
      ["Mandolin"],
    ],
    [
      "aggregation-SUM",
      "How many strings do all the instruments that are played by bowing have together?",
      "SELECT SUM(`Strings` + 0) FROM `Musical Instruments` WHERE `Played by` = 'bowing'",
      ["16"],
    ],
    [
      "aggregation-MIN",
      "What is the smallest number of strings among the plucked instruments?",
      "SELECT MIN(`Strings` + 0) FROM `Musical Instruments` WHERE `Played by` = 'plucking'",
      ["4"],
    ],
    [
      "INSERT",
      "Insert 'Snare drum', 'percussion', 'striking' and '0' as a new row.",
      "INSERT INTO `Musical Instruments` VALUES ('Snare drum', 'percussion', 'striking', '0')",
    ],
    [
      "UPDATE",
      "There are banjos with four strings too: set the strings of the Banjo to '4 or 5'.",
      "UPDATE `Musical Instruments` SET `Strings` = '4 or 5' WHERE `Instrument` = 'Banjo'",
    ],
  ],
  inventions: [
    [
      "other",
      "Who is the Inventor of the 'Lightning rod'?",
      "SELECT `Inventor` FROM `Inventions` WHERE `Invention` = 'Lightning rod'",
      ["Benjamin Franklin"],
    ],
    [
      "other",
      "In which year was the Rubik's Cube invented?",
      "SELECT `Year` FROM `Inventions` WHERE `Invention` = 'Rubik\\'s Cube'",
      ["1974"],
    ],
    [
      "counting",
      "How many of the inventions were made in 'France'?",
      "SELECT COUNT(*) FROM `Inventions` WHERE `Country` = 'France'",
      ["4"],
    ],
    [
      "comparison",
      "Which inventions from Italy are older than 1700?",
      "SELECT `Invention` FROM `Inventions` WHERE `Country` = 'Italy' AND `Year` + 0 < 1700",
      ["Barometer"],
    ],
    [
      "ranking",
      "What is the oldest invention in the table?",
      "SELECT `Invention` FROM `Inventions` ORDER BY `Year` + 0 LIMIT 1",
      ["Mechanical calculator"],
    ],
    [
      "aggregation-SUM",
      "What do the years of the two inventions from Hungary add up to?",
      "SELECT SUM(`Year` + 0) FROM `Inventions` WHERE `Country` = 'Hungary'",
      ["3912"],
    ],
    [
      "aggregation-AVG",
      "What is the average year of the two inventions from Italy?",
      "SELECT AVG(`Year` + 0) FROM `Inventions` WHERE `Country` = 'Italy'",
      ["1721.5"],
    ],
    [
      "aggregation-MIN",
      "From which year is the earliest invention of the 'United States'?",
      "SELECT MIN(`Year` + 0) FROM `Inventions` WHERE `Country` = 'United States'",
      ["1752"],
    ],
    [
      "INSERT",
      "Enter the transistor, which was invented in 1947 in the United States by 'Bardeen, Brattain and Shockley'.",
      "INSERT INTO `Inventions` (`Invention`, `Inventor`, `Country`, `Year`) VALUES ('Transistor', 'Bardeen, Brattain and Shockley', 'United States', '1947')",
    ],
    [
      "UPDATE",
      "Rename the Rubik's Cube to Magic Cube, the name under which it was first sold.",
      "UPDATE `Inventions` SET `Invention` = 'Magic Cube' WHERE `Invention` = 'Rubik\\'s Cube'",
    ],
  ],
};
