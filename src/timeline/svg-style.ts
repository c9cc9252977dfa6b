/** Colours for light and dark mode; for a bar, fill and text. Workers use theirs in turn. */
const themes = {
  light: {
    ground: "#ffffff",
    edge: "#d1d9e0",
    text: "#1f2328",
    dim: "#59636e",
    grid: "#e4e8ec",
    bad: "#c9252d",
    down: ["#ffd9d6", "#86061d"],
    workers: [
      ["#b9dcff", "#0a3069"],
      ["#ffe0a3", "#5c3a00"],
      ["#bdebc4", "#0b4a1c"],
      ["#e2cffa", "#43207d"],
      ["#b5e9ec", "#06484d"],
      ["#ffd0dc", "#7a1235"],
    ],
  },
  dark: {
    ground: "#0d1117",
    edge: "#3d444d",
    text: "#f0f6fc",
    dim: "#9ba5b0",
    grid: "#21262d",
    bad: "#ff7b72",
    down: ["#6e1c22", "#ffdcd7"],
    workers: [
      ["#1d4b80", "#d6e9ff"],
      ["#6b4a0c", "#ffebc2"],
      ["#1c5a31", "#d3f5da"],
      ["#4f3482", "#eadcff"],
      ["#115258", "#cdf3f5"],
      ["#7a2b47", "#ffdde7"],
    ],
  },
};

/** How many colours there are for workers. */
export const COLORS = themes.light.workers.length;

const rules = (mode: keyof typeof themes): string => {
  const { ground, edge, text, dim, grid, bad, down, workers } = themes[mode];
  const bars = [...workers.entries(), ["down", down] as const].map(
    ([key, [fill, label]]) =>
      `.f${key}{fill:${fill}}.t${key}{fill:${label}}.s${key}{stop-color:${fill}}.m${key}{stroke:${label}}`,
  );
  return [
    `.ground{fill:${ground};stroke:${edge}}text{fill:${text}}.dim{fill:${dim}}.grid{stroke:${grid}}`,
    `.bad{fill:${bad}}.mbad{stroke:${bad}}.mdim{stroke:${dim}}.out{stroke:${bad};fill:${ground}}.sout{stop-color:${ground}}`,
    ...bars,
  ].join("\n");
};

/** Fonts, and colours that follow the reader's light or dark mode. */
export const style = `text{font:12px system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif}
.title{font-size:16px;font-weight:600}.run{font-size:13px;font-weight:600}.lane{font-weight:600}.axis{font-size:11px}
.mark{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}.out{stroke-dasharray:4 3}
${rules("light")}
@media (prefers-color-scheme:dark){
${rules("dark")}
}`;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes text for an SVG. Printable text may have U+FFFE and U+FFFF, which XML 1.0 forbids (section 2.2). */
export const markup = (text: string): string =>
  text
    .replace(/[&<>"]/g, (character) => entities[character] ?? character)
    .replace(/[\ufffe\uffff]/g, "\ufffd");

/** Rounds to one decimal. */
export const round = (number: number): number => Number(number.toFixed(1));
