/**
 * How long a program may take for anything that a test waits for, in milliseconds. It is for a product that hangs, and
 * measures nothing: a busy machine needs several times as long as a quiet one.
 */
export const deadlineMs = 300_000;
