// An agent is any object with `inference`; the file needs no import. This agent adds two numbers, but at first without
// carrying.

/** @param {import("@eval/protocol/agent").BuildContext} context */
export default function HastyAgent({ parameters }) {
  const careful = parameters.careful ?? false;

  return {
    async inference(history) {
      const question = history.find(({ content }) => content.startsWith("How much"))?.content ?? "";
      const [left = 0, right = 0] = question.match(/\d+/g)?.map(Number) ?? [];
      const isRetry = history.length > 1;
      return String(careful || isRetry ? left + right : withoutCarry(left, right));
    },
  };
}

function withoutCarry(left, right) {
  let sum = 0;
  for (let place = 1; place <= Math.max(left, right); place *= 10) {
    const digit = (Math.floor(left / place) % 10) + (Math.floor(right / place) % 10);
    sum += (digit % 10) * place;
  }
  return sum;
}
