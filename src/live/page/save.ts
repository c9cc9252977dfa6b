import type { LiveState } from "../ledger.js";
import { whatWasSeen } from "../words.js";
import { note } from "./act.js";
import { byId } from "./dom.js";

/** What was seen, to keep: as text, and the page as a picture. */
export function wireSaving(stateShown: () => LiveState): void {
  const dialog = byId<HTMLDialogElement>("seen");
  const text = byId<HTMLTextAreaElement>("seen-text");
  byId("save-text").onclick = () => {
    text.value = whatWasSeen(stateShown());
    dialog.showModal();
    text.select();
  };
  byId("seen-close").onclick = () => dialog.close();
  byId("seen-copy").onclick = async () => {
    text.select();
    await navigator.clipboard.writeText(text.value).catch(() => {});
    byId("seen-copy").textContent = "Copied";
  };
  dialog.onclose = () => {
    byId("seen-copy").textContent = "Copy";
  };
  byId("save-png").onclick = () =>
    void picture().then(
      (blob) => download(blob, "task-queue-live.png"),
      () => note("This browser cannot make a picture of the page; its own screenshot can."),
    );
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The page as a PNG: its elements within an SVG, drawn on a canvas. */
async function picture(): Promise<Blob> {
  const { scrollWidth: width, scrollHeight: height } = document.documentElement;
  const style = await (await fetch("/page/style.css")).text();
  const body = document.body.cloneNode(true) as HTMLElement;
  for (const left of body.querySelectorAll("dialog, .skip, .flight")) left.remove();
  // What was typed and moved is no attribute.
  const inputs = document.body.querySelectorAll("input");
  for (const [at, input] of body.querySelectorAll("input").entries()) {
    input.setAttribute("value", inputs[at]?.value ?? "");
    if (input.type === "file") input.remove();
  }
  body.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const sheet = document.createElement("style");
  // An SVG as an image has no colour scheme of its reader's, and no width of its window.
  sheet.textContent = `${themed(style, dark)} body{width:${width}px;min-height:${height}px} *{animation:none!important}`;
  body.prepend(sheet);
  const markup = new XMLSerializer().serializeToString(body);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><foreignObject width="100%" height="100%">${markup}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(devicePixelRatio || 1, 2);
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.scale(scale, scale);
  context.drawImage(image, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)), "image/png"),
  );
}

/** The style sheet with the rules of its dark mode for all, or for none. */
function themed(style: string, dark: boolean): string {
  const root = style.replace(/:root/g, "body").replace(/color-scheme: light dark;/, "");
  return root.replace("@media (prefers-color-scheme: dark)", dark ? "@media all" : "@media not all");
}
