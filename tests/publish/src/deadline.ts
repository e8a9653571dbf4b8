/**
 * How long a program or an installation may take, in milliseconds. It is for what hangs, and measures nothing: a busy
 * machine needs several times as long as a quiet one.
 */
export const deadlineMs = 240_000;
