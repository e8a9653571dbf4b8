import { expect, test } from "vitest";
import { saysContextLimit } from "./context-limit.js";

test.each([
  [
    400,
    `{"error":{"message":"This model's maximum context length is 4097 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length.","code":"context_length_exceeded"}}`,
  ],
  [400, "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"],
  [
    400,
    `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`,
  ],
  [400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length"],
  [400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."],
  [400, "too many tokens: total number of tokens in the prompt cannot exceed 4081"],
  [400, '{"message":"Input is too long for requested model."}'],
  [
    422,
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`",
  ],
  [400, "the request exceeds the available context size, try increasing it"],
  [400, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"],
  [
    400,
    "'max_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 3000 input tokens",
  ],
  [413, "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7900"],
  [429, "Request too large for x on tokens per min (TPM): Limit 10000, Requested 12000. The input must be reduced"],
  [500, "CONTEXT length beyond what the model can take"],
  [400, "litellm.ContextWindowExceededError: prompt does not fit"],
  [200, '{"error":{"message":"This endpoint\'s maximum context length is 8192 tokens"}}'],
])("%i %s", (status, text) => {
  expect(saysContextLimit(status, text)).toBe(true);
});

test.each([
  [
    429,
    "Rate limit reached for x on tokens per min (TPM): Limit 10000, Used 9900, Requested 300. Please try again in 1.2s",
  ],
  [429, "This request would exceed your organization's rate limit of 40,000 input tokens per minute"],
  [429, "You exceeded your current quota: generate_content_free_tier_input_token_count, limit: 0 tokens"],
  [400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."],
  [
    400,
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.",
  ],
  [504, "Post http://10.0.0.1/generate: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"],
  [529, '{"error":{"type":"overloaded_error","message":"Overloaded, your prompt was not read"}}'],
  [401, "Too many tokens were tried; your key is over its limit"],
  [502, "<html>The context of this prompt: too many tokens upstream</html>"],
  [307, "tokens: too many"],
  [400, "prompt must be a text"],
  [500, "upstream unreachable, prompt lost"],
  [400, "the maximum is 5"],
])("not %i %s", (status, text) => {
  expect(saysContextLimit(status, text)).toBe(false);
});
