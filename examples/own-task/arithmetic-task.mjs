// A task is any object of this form; the file needs no import. This task asks for sums and gives one hint after a wrong answer.

/** @param {import("@eval/protocol/task").BuildContext} context */
export default function ArithmeticTask({ parameters }) {
  const count = parameters.samples ?? 12;
  const sums = Array.from({ length: count }, (_, index) => ({ left: 7 * index + 3, right: 11 * index + 5 }));

  return {
    name: parameters.name,
    concurrency: parameters.concurrency ?? 4,
    version: `sums-${count}`,

    getIndices: () => sums.map((_, index) => index),

    /** Runs one sample. `session.action` sends a message to the agent and resolves with its answer. */
    async startSample(index, session) {
      const { left, right } = sums[index];
      let answer = await session.action(`How much is ${left} + ${right}? Answer with the number alone.`);
      for (let tries = 1; ; tries++) {
        if (answer.status !== "normal") return { status: "agent context limit", result: { correct: false, tries } };
        const correct = Number(answer.content) === left + right;
        if (correct || tries === 2) return { status: "completed", result: { correct, tries } };
        answer = await session.action(`${answer.content} is wrong. The sum ends in ${(left + right) % 10}. Try again.`);
      }
    },

    /** Aggregates the results of all samples. `metric` names the main metric. */
    async calculateOverall(results) {
      let [correct, first, total] = [0, 0, 0];
      for await (const { result } of results) {
        total += 1;
        if (result?.correct) correct += 1;
        if (result?.correct && result.tries === 1) first += 1;
      }
      return { metric: "accuracy_first_try", accuracy: correct / total, accuracy_first_try: first / total };
    },
  };
}
