import { act, note } from "./act.js";
import { byId } from "./dom.js";

/** The largest file that can be dropped, in bytes: a request holds 1 MiB. */
const LARGEST_FILE = 1_000_000;

/** The buttons that do something for real. */
export function wireControls(): void {
  const text = byId<HTMLInputElement>("send-text");
  byId<HTMLFormElement>("send").addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value === "") note("Write a task first.");
    else void act({ do: "send", text: text.value });
  });
  byId("send-tutorial").onclick = () => void act({ do: "send-tutorial" });
  const file = byId<HTMLInputElement>("send-file");
  file.onchange = () => {
    const [chosen] = file.files ?? [];
    if (chosen !== undefined) void sendFile(chosen);
    file.value = "";
  };
  const drop = byId("drop");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [dropped] = event.dataTransfer?.files ?? [];
    if (dropped !== undefined) void sendFile(dropped);
  });
  const number = (id: string) => Number(byId<HTMLInputElement>(id).value);
  byId<HTMLFormElement>("add").addEventListener("submit", (event) => {
    event.preventDefault();
    const [prefetch, concurrency, dotMs] = [
      number("add-prefetch"),
      number("add-concurrency"),
      number("add-dot"),
    ];
    void act({ do: "start-worker", prefetch, concurrency, dotMs });
  });
  byId("broker-kill").onclick = () => void act({ do: "broker", how: "kill" });
  byId("broker-restart").onclick = () => void act({ do: "broker", how: "restart" });
}

async function sendFile(file: File): Promise<void> {
  if (file.size > LARGEST_FILE) {
    note(`${file.name} has over a megabyte: send it in a terminal, with new-task --file.`);
    return;
  }
  const kind = /\.csv$/i.test(file.name) ? "csv" : "txt";
  await act({ do: "send-file", content: await file.text(), kind });
}
