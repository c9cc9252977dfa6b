import type { WorkerAction } from "./crew.js";

/** What the page's buttons ask for. */
export type Action =
  | { do: "send"; text: string }
  | { do: "send-tutorial" }
  | { do: "send-file"; content: string; kind: "txt" | "csv" }
  | { do: "start-worker"; prefetch: number; concurrency: number; dotMs: number }
  | { do: "worker"; name: string; how: WorkerAction }
  | { do: "broker"; how: "kill" | "restart" }
  | { do: "switch-tracing-off" };

/** Reads a request of the page. @throws Error naming what is wrong */
export function readAction(request: unknown): Action {
  const given = typeof request === "object" && request !== null ? (request as Record<string, unknown>) : {};
  const text = (field: string, longest: number): string => {
    const value = given[field];
    if (typeof value !== "string" || value === "") throw new Error(`"${field}" is missing.`);
    if (value.length > longest) throw new Error(`"${field}" is at most ${longest} characters long.`);
    // A process's argument ends at the first of these.
    if (value.includes("\0")) throw new Error(`"${field}" must not contain NUL.`);
    return value;
  };
  const whole = (field: string, least: number, most: number): number => {
    const value = given[field];
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
      throw new Error(`"${field}" is a whole number from ${least} to ${most}.`);
    return value;
  };
  const oneOf = <T extends string>(field: string, allowed: readonly T[]): T => {
    const found = allowed.find((one) => one === given[field]);
    if (found === undefined) throw new Error(`"${field}" is one of ${allowed.join(", ")}.`);
    return found;
  };
  switch (given["do"]) {
    case "send":
      return { do: "send", text: text("text", 10_000) };
    case "send-tutorial":
    case "switch-tracing-off":
      return { do: given["do"] };
    case "send-file":
      return { do: "send-file", content: text("content", 1024 * 1024), kind: oneOf("kind", ["txt", "csv"]) };
    case "start-worker": {
      const [prefetch, concurrency] = [whole("prefetch", 0, 65_535), whole("concurrency", 1, 1_000)];
      if (prefetch > 0 && prefetch < concurrency)
        throw new Error("With a prefetch below its tasks at a time, a worker never gets as many.");
      return { do: "start-worker", prefetch, concurrency, dotMs: whole("dotMs", 0, 600_000) };
    }
    case "worker":
      return {
        do: "worker",
        name: text("name", 255),
        how: oneOf("how", ["interrupt", "kill", "pause", "resume"]),
      };
    case "broker":
      return { do: "broker", how: oneOf("how", ["kill", "restart"]) };
    default:
      throw new Error("There is no such button.");
  }
}
