import { CodedError, messageOf } from "@eval/protocol";
import type { Connection } from "mysql2";
import type { SampleTable } from "../data-set.js";
import type { DatabaseServer } from "../database.js";
import { OpenDatabases } from "../open-databases.js";
import { fillTable } from "./fill-table.js";
import { excessRights } from "./granted-rights.js";
import { type ConnectionFactory, connect, connectionOptions, shownAddress } from "./mysql-connection.js";
import { MysqlDatabase } from "./mysql-database.js";
import { MysqlLane } from "./mysql-lane.js";
import { accountOf, creationOf, newAccount, passwordReset, removalOf, type SampleAccount } from "./sample-account.js";
import { hostMark, isLeftBehind, processIsAlive } from "./sample-schema.js";

export interface MysqlOptions {
  address: string;
  timeoutMs: number;
  /** Accepts a connection with more rights than a worker needs. */
  allowPrivileged: boolean;
}

const advice = "Create the user with sql/dbbench-worker-user.sql of @eval/tasks";

/** A MariaDB or MySQL server with a schema and a user for each sample. */
export class MysqlServer implements DatabaseServer {
  readonly dialect = "mysql";
  readonly #open = new OpenDatabases<MysqlDatabase>();
  readonly #leftover = new Map<string, SampleAccount>();
  readonly #mark = hostMark();
  /** The configured connection: it makes and drops schemas and users, and runs no statement of an agent. */
  readonly #accounts: MysqlLane;
  /** From where this process connects, as the server sees it. */
  #host = "%";

  private constructor(
    private readonly factory: ConnectionFactory,
    private readonly options: MysqlOptions,
  ) {
    this.#accounts = new MysqlLane(() => connect(factory, connectionOptions(options.address)));
  }

  /** Loads the driver, checks that the server answers and which privileges the user has, and drops leftover schemas. */
  static async open(options: MysqlOptions): Promise<MysqlServer> {
    const { createConnection } = (await import("mysql2")).default;
    const server = new MysqlServer(createConnection, options);
    try {
      await server.#prepare();
      return server;
    } catch (error) {
      await server.#accounts.close();
      if (error instanceof CodedError) throw error;
      throw server.#unusable(`${messageOf(error)}. Start it, or correct "database"`, error);
    }
  }

  async #prepare(): Promise<void> {
    const [[user]] = (await this.#accounts.run("SELECT USER()")) as [[string]];
    this.#host = user.slice(user.lastIndexOf("@") + 1);
    await this.#checkRights();
    await this.#sweep();
    // A sample's schema and user, once: what is missing shows now and not at the first sample.
    const trial = newAccount(this.#mark, this.#host);
    try {
      (await this.#make(trial)).destroy();
    } catch (error) {
      throw this.#unusable(
        `it cannot create the schema and the user of a sample: ${messageOf(error)}. ${advice}`,
        error,
      );
    } finally {
      await this.dropSchema(trial);
    }
  }

  #unusable(why: string, cause: unknown): CodedError {
    const text = `The database server ${shownAddress(this.options.address)} cannot be used: ${why}.`;
    return new CodedError("START_FAILED", text, { cause });
  }

  async #checkRights(): Promise<void> {
    if (this.options.allowPrivileged) return;
    const excess = excessRights((await this.#accounts.run("SHOW GRANTS")).map(([grant]) => String(grant)));
    if (excess.length === 0) return;
    const text =
      `The database user of ${shownAddress(this.options.address)} has more privileges than a DBBench worker needs: ` +
      `${excess.join(", ")}. ${advice}, or set "allow_privileged: true".`;
    throw new CodedError("CONFIG_INVALID", text);
  }

  /** Drops the schemas and users of killed workers of this host. */
  async #sweep(): Promise<void> {
    const schemas = (await this.#accounts.run("SHOW DATABASES LIKE 'eval\\_dbbench\\_%'")).map(([name]) =>
      String(name),
    );
    for (const schema of schemas.filter((name) => isLeftBehind(name, this.#mark, processIsAlive))) {
      await this.#remove(accountOf(schema, this.#host)).catch(() => {});
    }
  }

  create(table: SampleTable): Promise<MysqlDatabase> {
    return this.#open.add(() => this.#create(table));
  }

  async #create(table: SampleTable): Promise<MysqlDatabase> {
    const account = newAccount(this.#mark, this.#host);
    let connection: Connection | undefined;
    try {
      connection = await this.#make(account);
      await fillTable(connection, table);
      return new MysqlDatabase(this, account, table, connection);
    } catch (error) {
      connection?.destroy();
      await this.dropSchema(account);
      throw error;
    }
  }

  /** Makes a schema and its user; a connection as this user. */
  async #make(account: SampleAccount): Promise<Connection> {
    this.#leftover.set(account.schema, account);
    for (const sql of creationOf(account)) await this.#accounts.run(sql);
    return this.#connect(account);
  }

  async release(): Promise<void> {
    await this.#open.dropAll();
    await Promise.all([...this.#leftover.values()].map((account) => this.dropSchema(account)));
    await this.#accounts.close();
    if (this.#leftover.size === 0) return;
    const names = [...this.#leftover.keys()].join(", ");
    throw new CodedError(
      "INTERNAL",
      `These databases on ${shownAddress(this.options.address)} could not be dropped: ${names}`,
    );
  }

  async connectTo(account: SampleAccount): Promise<Connection> {
    return this.#connect(account).catch(async (error: { errno?: number }) => {
      if (error.errno !== accessDenied) throw error;
      await this.#accounts.run(passwordReset(account));
      return this.#connect(account);
    });
  }

  get timeoutMs(): number {
    return this.options.timeoutMs;
  }

  dropped(database: MysqlDatabase): void {
    this.#open.remove(database);
  }

  /** Drops a schema and its user; what cannot be dropped now is tried again by {@link release}. */
  async dropSchema(account: SampleAccount): Promise<void> {
    await this.#remove(account).then(
      () => this.#leftover.delete(account.schema),
      () => {},
    );
  }

  async #remove(account: SampleAccount): Promise<void> {
    const removals = await Promise.allSettled(removalOf(account).map((sql) => this.#accounts.run(sql)));
    const failed = removals.find((removal) => removal.status === "rejected");
    if (failed) throw failed.reason;
  }

  #connect({ schema, user, password }: SampleAccount): Promise<Connection> {
    return connect(this.factory, { ...connectionOptions(this.options.address), user, password, database: schema });
  }
}

const accessDenied = 1045;
