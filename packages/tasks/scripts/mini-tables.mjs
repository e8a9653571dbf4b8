// The tables of the bundled data set: plain public facts. A row is one line, its cells separated by "|"; an empty cell
// is NULL.

const planets = `
1|Mercury|terrestrial|4,879|88|no|
2|Venus|terrestrial|12,104|224.7|no|
3|Earth|terrestrial|12,756|365.2|no|
4|Mars|terrestrial|6,792|687|no|
5|Jupiter|gas giant|142,984|4331|yes|
6|Saturn|gas giant|120,536|10747|yes|
7|Uranus|ice giant|51,118|30589|yes|1781
8|Neptune|ice giant|49,528|59800|yes|1846`;

const elements = `
Hydrogen|H|1|nonmetal|gas|1766
Nitrogen|N|7|nonmetal|gas|1772
Oxygen|O|8|nonmetal|gas|1774
Neon|Ne|10|noble gas|gas|1898
Sodium|Na|11|metal|solid|1807
Aluminium|Al|13|metal|solid|1825
Argon|Ar|18|noble gas|gas|1894
Potassium|K|19|metal|solid|1807
Calcium|Ca|20|metal|solid|1808
Iron|Fe|26|metal|solid|
Bromine|Br|35|nonmetal|liquid|1826
Krypton|Kr|36|noble gas|gas|1898
Iodine|I|53|nonmetal|solid|1811
Gold|Au|79|metal|solid|
Mercury|Hg|80|metal|liquid|
Radium|Ra|88|metal|solid|1898`;

const summits = `
Mount Everest|Asia|Nepal and China|8,849|1953
K2|Asia|Pakistan and China|8,611|1954
Kangchenjunga|Asia|Nepal and India|8,586|1955
Lhotse|Asia|Nepal and China|8,516|1956
Makalu|Asia|Nepal and China|8,485|1955
Annapurna|Asia|Nepal|8,091|1950
Aconcagua|South America|Argentina|6,961|1897
Denali|North America|United States|6,190|1913
Mount Logan|North America|Canada|5,959|1925
Kilimanjaro|Africa|Tanzania|5,895|1889
Elbrus|Europe|Russia|5,642|1874
Mount Kenya|Africa|Kenya|5,199|1899
Vinson|Antarctica||4,892|1966
Mont Blanc|Europe|France and Italy|4,806|1786
Matterhorn|Europe|Switzerland and Italy|4,478|1865
Aoraki|Oceania|New Zealand|3,724|1894`;

const rivers = `
Nile|6,650|Africa|Mediterranean Sea
Amazon|6,400|South America|Atlantic Ocean
Yangtze|6,300|Asia|East China Sea
Congo|4,700|Africa|Atlantic Ocean
Mekong|4,350|Asia|South China Sea
Niger|4,180|Africa|Atlantic Ocean
Mississippi|3,766|North America|Gulf of Mexico
Volga|3,530|Europe|Caspian Sea
Indus|3,180|Asia|Arabian Sea
Danube|2,850|Europe|Black Sea
Zambezi|2,574|Africa|Indian Ocean
Ganges|2,525|Asia|Bay of Bengal
Murray|2,508|Oceania|Southern Ocean
Dnieper|2,200|Europe|Black Sea
Orinoco|2,140|South America|Atlantic Ocean
Rhine|1,230|Europe|North Sea
Loire|1,006|Europe|Atlantic Ocean`;

const countries = `
France|Paris|Europe|euro|1945
Germany|Berlin|Europe|euro|1973
Spain|Madrid|Europe|euro|1955
Italy|Rome|Europe|euro|1955
Portugal|Lisbon|Europe|euro|1955
Ireland|Dublin|Europe|euro|1955
Austria|Vienna|Europe|euro|1955
Switzerland|Bern|Europe|franc|2002
Norway|Oslo|Europe|krone|1945
Iceland|Reykjavík|Europe|króna|1946
Japan|Tokyo|Asia|yen|1956
South Korea|Seoul|Asia|won|1991
India|New Delhi|Asia|rupee|1945
Egypt|Cairo|Africa|pound|1945
Kenya|Nairobi|Africa|shilling|1963
Brazil|Brasília|South America|real|1945
Chile|Santiago|South America|peso|1945
Mexico|Mexico City|North America|peso|1945
Canada|Ottawa|North America|dollar|1945
Australia|Canberra|Oceania|dollar|1945`;

const languages = `
Fortran|1957|John Backus|static
COBOL|1959|CODASYL|static
Lisp|1960|John McCarthy|dynamic
BASIC|1964|John Kemeny and Thomas Kurtz|static
Pascal|1970|Niklaus Wirth|static
C|1972|Dennis Ritchie|static
Smalltalk|1972|Alan Kay|dynamic
Prolog|1972|Alain Colmerauer|dynamic
ML|1973|Robin Milner|static
Modula-2|1978|Niklaus Wirth|static
C++|1985|Bjarne Stroustrup|static
Perl|1987|Larry Wall|dynamic
Oberon|1987|Niklaus Wirth|static
Python|1991|Guido van Rossum|dynamic
Java|1995|James Gosling|static
JavaScript|1995|Brendan Eich|dynamic
Ruby|1995|Yukihiro Matsumoto|dynamic
PHP|1995|Rasmus Lerdorf|dynamic
C#|2000|Anders Hejlsberg|static
Scala|2004|Martin Odersky|static
TypeScript|2012|Anders Hejlsberg|static
Swift|2014|Chris Lattner|static`;

const olympics = `
XVII|1960|Rome|Italy|Europe|150
XVIII|1964|Tokyo|Japan|Asia|163
XIX|1968|Mexico City|Mexico|North America|172
XX|1972|Munich|West Germany|Europe|195
XXI|1976|Montreal|Canada|North America|198
XXII|1980|Moscow|Soviet Union|Europe|203
XXIII|1984|Los Angeles|United States|North America|221
XXIV|1988|Seoul|South Korea|Asia|237
XXV|1992|Barcelona|Spain|Europe|257
XXVI|1996|Atlanta|United States|North America|271
XXVII|2000|Sydney|Australia|Oceania|300
XXVIII|2004|Athens|Greece|Europe|301
XXIX|2008|Beijing|China|Asia|302
XXX|2012|London|United Kingdom|Europe|302
XXXI|2016|Rio de Janeiro|Brazil|South America|306
XXXII|2020|Tokyo|Japan|Asia|339`;

const instruments = `
Violin|strings|bowing|4
Viola|strings|bowing|4
Cello|strings|bowing|4
Double bass|strings|bowing|4
Guitar|strings|plucking|6
Ukulele|strings|plucking|4
Banjo|strings|plucking|5
Mandolin|strings|plucking|8
Concert harp|strings|plucking|47
Flute|woodwind|blowing|
Oboe|woodwind|blowing|
Clarinet|woodwind|blowing|
Bassoon|woodwind|blowing|
Saxophone|woodwind|blowing|
Trumpet|brass|blowing|
Trombone|brass|blowing|
French horn|brass|blowing|
Tuba|brass|blowing|
Timpani|percussion|striking|
Xylophone|percussion|striking|`;

const inventions = `
Barometer|Evangelista Torricelli|Italy|1643
Mechanical calculator|Blaise Pascal|France|1642
Lightning rod|Benjamin Franklin|United States|1752
Hot-air balloon|Montgolfier brothers|France|1783
Cotton gin|Eli Whitney|United States|1793
Electric battery|Alessandro Volta|Italy|1800
Stethoscope|René Laennec|France|1816
Braille|Louis Braille|France|1824
Safety pin|Walter Hunt|United States|1849
Dynamite|Alfred Nobel|Sweden|1867
Telephone|Alexander Graham Bell|United States|1876
Phonograph|Thomas Edison|United States|1877
Diesel engine|Rudolf Diesel|Germany|1893
Ballpoint pen|László Bíró|Hungary|1938
Rubik's Cube|Ernő Rubik|Hungary|1974
World Wide Web|Tim Berners-Lee|Switzerland|1989`;

/** A table's name and headers, and its rows as lists of cells. */
function table(name, headers, lines) {
  const rows = lines.trim().split("\n");
  return { name, headers, rows: rows.map((line) => line.split("|").map((cell) => (cell === "" ? null : cell))) };
}

export const tables = {
  planets: table(
    "Planets",
    ["Order", "Planet", "Kind", "Diameter (km)", "Orbital period (days)", "Rings", "Year discovered"],
    planets,
  ),
  elements: table(
    "Chemical Elements",
    ["Element", "Symbol", "Atomic number", "Group", "State", "Year discovered"],
    elements,
  ),
  summits: table("High Summits", ["Summit", "Continent", "Country", "Height (m)", "First ascent"], summits),
  rivers: table("long_rivers", ["River", "Length (km)", "Continent", "Mouth"], rivers),
  countries: table("Countries", ["Country", "Capital", "Continent", "Currency", "Joined the UN"], countries),
  languages: table("Programming Languages", ["Language", "Year", "Creator", "Typing"], languages),
  olympics: table("Summer Olympics", ["Games", "Year", "Host city", "Host country", "Continent", "Events"], olympics),
  instruments: table("Musical Instruments", ["Instrument", "Family", "Played by", "Strings"], instruments),
  inventions: table("Inventions", ["Invention", "Inventor", "Country", "Year"], inventions),
};
