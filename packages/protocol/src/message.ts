import { z } from "zod";

/** One item of a conversation. `user` is the task speaking, `agent` the system under test. */
export const messageSchema = z.object({
  role: z.enum(["user", "agent"]),
  content: z.string(),
});

export type Message = z.infer<typeof messageSchema>;

/**
 * What the agent's side says in one turn. `content` is required where `status` is `normal`; with another status it
 * may carry an explanation.
 */
export const agentOutputSchema = z
  .object({
    status: z.enum(["normal", "cancelled", "agent context limit"]).default("normal"),
    content: z.string().nullish().default(null),
  })
  .refine((output) => output.status !== "normal" || typeof output.content === "string", {
    path: ["content"],
    message: "content is required when the status is normal",
  });

export type AgentOutput = z.infer<typeof agentOutputSchema>;
