import { expect, test } from "vitest";
import { messageOf } from "./error-message.js";

const raise = () => {
  throw new Error("a getter raised");
};

function cyclic(): Error {
  const inner = new Error("inner");
  const outer = new Error("outer", { cause: inner });
  inner.cause = outer;
  return outer;
}

const withProperties = (properties: PropertyDescriptorMap, message = "own") =>
  Object.defineProperties(new Error(message), properties);

const selfMember = new AggregateError([]);
selfMember.errors.push(selfMember, new Error("other"));

const revoked = Proxy.revocable({}, {});
revoked.revoke();

test.each<[string, unknown, string]>([
  ["an error with causes", new Error("a", { cause: new Error("b", { cause: "c" }) }), "a: b: c"],
  ["an error without a message", new TypeError(""), "TypeError"],
  ["a text", "text", "text"],
  ["nothing", undefined, "undefined"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["members", new AggregateError([new Error("a"), "b"]), "a; b"],
  ["members under a message", new AggregateError([new Error("a")], "all failed"), "all failed"],
  ["no members", new AggregateError([]), "AggregateError"],
  ["a cycle of causes", cyclic(), "outer: inner"],
  ["a member that is its own aggregate", selfMember, "other; and 1 more"],
  ["an object without a prototype", Object.create(null), "a value of type object"],
  ["such an object as a cause", new Error("a", { cause: Object.create(null) }), "a: a value of type object"],
  ["a proxy that is no more", revoked.proxy, "a value of type object"],
  ["an object as message", withProperties({ message: { value: { a: 1 } } }), "Error"],
  ["no message", withProperties({ message: { value: undefined } }), "Error"],
  ["an object as name", withProperties({ name: { value: {} } }, ""), "Error"],
  ["a message that raises", withProperties({ message: { get: raise } }), "Error"],
  ["a cause that raises", withProperties({ cause: { get: raise } }), "own"],
  ["members that raise", Object.defineProperty(new AggregateError([]), "errors", { get: raise }), "AggregateError"],
  ["a toString that raises", { toString: raise }, "a value of type object"],
])("the message of %s", (_what, error, message) => {
  expect(messageOf(error)).toBe(message);
});

test("long chains and wide aggregates are cut", () => {
  let chain = new Error("0");
  for (let depth = 1; depth < 10_000; depth++) chain = new Error(String(depth), { cause: chain });
  expect(messageOf(chain).split(": ")).toHaveLength(20);
  const wide = (depth: number): unknown =>
    depth === 0 ? new Error("leaf") : new AggregateError(Array.from({ length: 9 }, () => wide(depth - 1)));
  expect(messageOf(wide(1))).toBe("leaf; leaf; leaf; leaf; leaf; and 4 more");
  expect(messageOf(wide(5)).length).toBeLessThan(500);
});
