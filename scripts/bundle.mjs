// Puts the two commands that people start often into few files, with the packages that every run needs: loading some
// sixty took a fifth of the time of a task. `npm run build` runs it behind tsc, whose output everything else uses.
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

for (const name of readdirSync("dist/bin")) if (name.startsWith("part-")) rmSync(join("dist/bin", name));

const { metafile } = await build({
  entryPoints: ["src/bin/new-task.ts", "src/bin/worker.ts"],
  outdir: "dist/bin",
  allowOverwrite: true,
  bundle: true,
  splitting: true, // what is imported later stays a file of its own
  chunkNames: "part-[hash]",
  minifyWhitespace: true, // Node compiles all of it at every start
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
  // Loaded by some runs only, and `open` needs the script that lies beside it.
  external: ["csv-parse", "open", "ora", "string-width"],
  // amqplib and commander are CommonJS: what they require of Node goes through this.
  banner: {
    js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
  },
});

// What tsc does not take along: the page of `task-queue live` is served from dist.
for (const name of ["index.html", "style.css"])
  copyFileSync(join("src/live/page", name), join("dist/live/page", name));

// Their licenses ask to come along.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  ),
);
const licenses = [...packages].sort().map((name) => {
  const folder = join("node_modules", name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no license file.`);
  return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(
  "dist/bin/LICENSES.txt",
  `The files of new-task.js and worker.js contain:\n\n${licenses.join("\n\n")}`,
);

// tsc writes 0644, and npm sets the mode only when it links a command, not when that is built again.
const { bin } = JSON.parse(readFileSync("package.json", "utf8"));
for (const file of Object.values(bin)) chmodSync(file, 0o755);
