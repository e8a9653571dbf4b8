import type { SampleResult, Session } from "@eval/protocol/task";
import { untilAborted } from "../until-aborted.js";
import type { DBBenchSample } from "./data-set.js";
import { type DatabaseServer, type SampleDatabase, StatementError } from "./database.js";
import { promptOf } from "./prompt.js";
import { cutToVisible, rowsText } from "./python/python-text.js";
import { parseReply } from "./reply-grammar.js";

/** How a conversation ended; `answer` is null if the agent gave none. */
export interface ConversationEnd {
  status: SampleResult["status"];
  answer: string | null;
  /** Statements that were run. */
  rounds: number;
}

export interface Conversation {
  sample: DBBenchSample;
  dialect: DatabaseServer["dialect"];
  database: SampleDatabase;
  maxRounds: number;
}

/** Lets the agent run statements until it answers, breaks the grammar, or has used up its rounds. */
export async function converse(conversation: Conversation, session: Session): Promise<ConversationEnd> {
  const { sample, dialect, database, maxRounds } = conversation;
  const end = (status: ConversationEnd["status"], answer: string | null = null) => ({ status, answer, rounds });
  let rounds = 0;
  let message = promptOf(sample, dialect, maxRounds);
  for (;;) {
    const output = await untilAborted(session.action(message), session.signal);
    if (output === undefined || output.status === "cancelled") return end("unknown");
    if (output.status === "agent context limit") return end("agent context limit");
    const reply = parseReply(output.content ?? "");
    if (!reply) return end("agent validation failed");
    if (reply.kind === "answer") return end("completed", reply.text);
    if (rounds >= maxRounds) return end("task limit reached");
    rounds += 1;
    message = await visibleOutcome(database, reply.sql, session.signal);
  }
}

/** What the agent sees of a statement. */
async function visibleOutcome(database: SampleDatabase, sql: string, signal: AbortSignal): Promise<string> {
  try {
    return cutToVisible(rowsText(await database.execute(sql, signal)));
  } catch (error) {
    if (error instanceof StatementError) return cutToVisible(error.message);
    throw error;
  }
}
