// One line a test, as cargo prints it, and what went wrong.
import { basename } from "node:path";

export default async function* lines(events) {
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const name = `${basename(data.file ?? "", ".test.mjs")}::${data.name}`;
    const passed = type === "test:pass" && data.skip === undefined && data.todo === undefined;
    yield `test ${name} ... ${passed ? "ok" : "FAILED"}\n`;
    if (!passed) {
      const { error } = data.details;
      yield `${error?.cause?.stack ?? error?.stack ?? "skipped"}\n`;
      process.exitCode = 1;
    }
  }
}
