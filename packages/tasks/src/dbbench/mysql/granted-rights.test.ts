import { expect, it } from "vitest";
import { excessRights } from "./granted-rights.js";

const hash = "IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'";

it.each([
  [
    "MariaDB",
    [
      `GRANT CREATE USER ON *.* TO \`eval_worker\`@\`%\` ${hash}`,
      "GRANT SELECT, INSERT, CREATE, DROP, TRIGGER ON `eval\\_dbbench\\_%`.* TO `eval_worker`@`%` WITH GRANT OPTION",
    ],
  ],
  [
    "MySQL 8",
    [
      "GRANT CREATE USER ON *.* TO `eval_worker`@`%`",
      "GRANT SELECT, INSERT, CREATE ROUTINE, TRIGGER ON `eval\\_dbbench\\_%`.* TO `eval_worker`@`%` WITH GRANT OPTION",
    ],
  ],
  [
    "a MySQL server in ANSI mode",
    ['GRANT USAGE ON *.* TO "w"@"%"', 'GRANT ALL PRIVILEGES ON "eval_dbbench_%".* TO "w"@"%"'],
  ],
  ["a user that is bounded", ["GRANT USAGE ON *.* TO `w`@`%` REQUIRE SSL WITH MAX_USER_CONNECTIONS 5"]],
])("finds nothing in the recommended rights on %s", (_, grants) => {
  expect(excessRights(grants)).toEqual([]);
});

it.each([
  [
    ["GRANT ALL PRIVILEGES ON *.* TO `root`@`127.0.0.1` WITH GRANT OPTION"],
    ["ALL PRIVILEGES on *.*", "GRANT OPTION on *.*"],
  ],
  [
    [
      `GRANT PROCESS, FILE, SUPER, CREATE USER ON *.* TO \`a\`@\`%\` ${hash} REQUIRE NONE WITH GRANT OPTION MAX_USER_CONNECTIONS 3`,
    ],
    ["PROCESS on *.*", "FILE on *.*", "SUPER on *.*", "GRANT OPTION on *.*"],
  ],
  [
    [
      "GRANT SELECT, RELOAD, SHUTDOWN, CREATE USER ON *.* TO `root`@`localhost` WITH GRANT OPTION",
      "GRANT APPLICATION_PASSWORD_ADMIN,BACKUP_ADMIN ON *.* TO `root`@`localhost` WITH GRANT OPTION",
      "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION",
    ],
    [
      "SELECT on *.*",
      "RELOAD on *.*",
      "SHUTDOWN on *.*",
      "GRANT OPTION on *.*",
      "APPLICATION_PASSWORD_ADMIN on *.*",
      "BACKUP_ADMIN on *.*",
      "GRANT OPTION on *.*",
      "PROXY on ``@``",
      "GRANT OPTION on ``@``",
    ],
  ],
  [["GRANT SELECT ON `shop`.* TO `a`@`%`"], ["SELECT on `shop`.*"]],
  [["GRANT SELECT ON `%`.* TO `a`@`%`"], ["SELECT on `%`.*"]],
  [["GRANT SELECT ON `eval%`.* TO `a`@`%`"], ["SELECT on `eval%`.*"]],
  [
    ["GRANT SELECT (`a`, `b`), INSERT (`a`) ON `shop`.`t` TO `a`@`%`"],
    ["SELECT (`a`, `b`) on `shop`.`t`", "INSERT (`a`) on `shop`.`t`"],
  ],
  [["GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`"], ["EXECUTE on `shop`.`p`"]],
  [
    ["GRANT `reader`@`%` TO `a`@`%`", "GRANT `writer` TO `a`@`%`", "SET DEFAULT ROLE `writer` FOR `a`@`%`"],
    ["the role `reader`@`%`", "the role `writer`"],
  ],
  [["REVOKE SELECT ON `mysql`.* FROM `a`@`%`"], []],
  [["GRANT SELECT ON `my shop`.* TO `a`@`%`"], ["SELECT on `my shop`.*"]],
])("names the excess in %j", (grants, excess) => {
  expect(excessRights(grants)).toEqual(excess);
});
