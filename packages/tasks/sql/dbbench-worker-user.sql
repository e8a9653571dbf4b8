-- The user with which a worker of DBBench connects to MariaDB (10.11 or later) or MySQL (8.0 or later). Replace the
-- password, then run this file as an administrator:
--
--   sed 's/CHANGE_ME/your password/' dbbench-worker-user.sql | mariadb -u root
--
-- Its rights: it creates and drops schemas named eval_dbbench_..., one for each sample, and a user for each of them
-- that may use that schema alone. An agent's statements run as the user of its sample, never as this one.
--
-- CREATE USER cannot be limited to some users: whoever has this password can change other accounts of the server.
-- Give DBBench a server of its own where that matters.

CREATE USER 'eval_worker'@'%' IDENTIFIED BY 'CHANGE_ME';

GRANT CREATE USER ON *.* TO 'eval_worker'@'%';

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES,
  CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER
  ON `eval\_dbbench\_%`.* TO 'eval_worker'@'%' WITH GRANT OPTION;
