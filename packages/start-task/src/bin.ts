import { runBin } from "@eval/protocol/cli";
import { main } from "./cli.js";

await runBin(main);
