/** What the fake worker's samples do, each known by its index. */
export const samples = {
  /** Asks once; completed with {@link keptResult}. */
  plain: 0,
  /** Asks three times. */
  long: 1,
  /** Raises when the agent has answered: 501. */
  raises: 2,
  /** Raises before it asks: 200 with the status `task error`. */
  raisesAtStart: 3,
  /** Its start is refused with an unusual status. */
  refuses: 4,
  /** Its start is refused with 406. */
  full: 5,
  /** The connection breaks at its start. */
  breaksAtStart: 6,
  /** The connection breaks when the agent has answered. */
  breaks: 7,
  /** Takes the agent's answer and waits until it is released; then asks again. */
  held: 8,
  /** Completed with the number 1. */
  numeric: 9,
  /** As plain, under a text for an index. */
  named: "sample-one",
} as const;

export const indices: (string | number)[] = Object.values(samples);

/** Survives v0.2's reading of results, which makes numbers and truth values of what looks like one. */
export const keptResult = { note: "kept as it is" };

export const refusal = { status: 418, text: '{"detail":"this sample is refused"}' };

export const overallReply = { metric: "shown", shown: [1, "two", null, { three: 3.5 }] };

export interface FakeSession {
  id: number;
  index: string | number;
  history: { role: "user" | "agent"; content: string }[];
  /** A turn is being executed. */
  busy: boolean;
}

/** The questions that a sample asks. */
const questionsOf = (index: string | number): number => (index === samples.long || index === samples.held ? 3 : 1);

/** What follows once the agent has said `turns` things: another question, or the end. */
export function outputAfter(session: FakeSession, turns: number): Record<string, unknown> {
  if (turns < questionsOf(session.index)) {
    session.history.push({ role: "user", content: `Question ${turns + 1}: ¿qué?` });
    return { index: null, status: "running", result: null, history: [...session.history] };
  }
  const result = session.index === samples.numeric ? 1 : keptResult;
  return { index: session.index, status: "completed", result, history: [...session.history] };
}

/** What a task that raised leaves. */
export function raisedOutput(session: FakeSession): Record<string, unknown> {
  return { index: session.index, status: "task error", result: "the task raised", history: [...session.history] };
}
