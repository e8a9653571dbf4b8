import { describe, expect, it } from "vitest";
import { chooseSelfHost, parseControllerAddress, workerAddress } from "./addresses.js";

describe("parseControllerAddress", () => {
  it.each([
    ["http://localhost:5000/api", { text: "http://localhost:5000/api", host: "localhost", port: 5000, loopback: true }],
    ["http://localhost:5000", { text: "http://localhost:5000/api" }],
    ["http://LOCALHOST:0/api/", { text: "http://localhost:0/api", port: 0 }],
    ["https://eval.example.org/here/api", { text: "https://eval.example.org/here/api", port: 443, loopback: false }],
    ["http://me:secret@[::1]:80/api", { text: "http://me:secret@[::1]/api", host: "::1", port: 80, loopback: true }],
  ])("reads %s", (text, expected) => {
    expect(parseControllerAddress(text)).toMatchObject(expected);
  });

  it.each(["localhost:5000", "ftp://x", "", "http://"])("refuses %j", (text) => {
    expect(() => parseControllerAddress(text)).toThrow("is not the address of a controller");
  });
});

describe("chooseSelfHost", () => {
  const here = parseControllerAddress("http://localhost:5000/api");
  const elsewhere = parseControllerAddress("http://10.0.0.1:5000/api");

  it.each([
    ["127.0.0.1", undefined, here, "localhost"],
    ["0.0.0.0", undefined, here, "localhost"],
    ["::1", undefined, here, "::1"],
    ["192.168.1.5", undefined, here, "192.168.1.5"],
    ["192.168.1.5", undefined, elsewhere, "192.168.1.5"],
    ["0.0.0.0", "box.example.org", elsewhere, "box.example.org"],
  ])("%s, %s -> %s", (host, selfHost, controller, expected) => {
    expect(chooseSelfHost(host, selfHost, controller)).toBe(expected);
  });

  it("rejects addresses that the controller cannot reach", () => {
    expect(() => chooseSelfHost("127.0.0.1", undefined, elsewhere)).toThrow("set --host to an address of this host");
    expect(() => chooseSelfHost("0.0.0.0", undefined, elsewhere)).toThrow("set --self-host");
  });
});

it("workerAddress puts IPv6 into brackets", () => {
  expect(workerAddress("::1", 5001)).toBe("http://[::1]:5001/api");
  expect(workerAddress("localhost", 5001)).toBe("http://localhost:5001/api");
});
