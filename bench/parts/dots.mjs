import { eventsIn, workSpan } from "../events.mjs";
import { spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { atMost, shown, table } from "../tables.mjs";
import { contender, line, publishTo } from "../work.mjs";

const { tasks } = sizes.dots;

/** As many tasks of one dot at a time as there are: is each dot the second it should be? */
export const dots = {
  title: `${tasks.toLocaleString("en-US")} tasks of one second, all at a time in one process`,
  run: (testbed, clients) =>
    testbed.withQueue("classic", async (queue) => {
      const file = testbed.file(tasks, (number) => `${line(number)}.`);
      const ours = contender(clients, "ours", { count: tasks, file, prefetch: tasks });
      await publishTo(testbed, queue, ours);
      const { output, seconds } = await testbed.run([
        ...ours.consume({ ...ours, queue }),
        ...["--dot", "1s", "--json"],
      ]);
      await testbed.expect(queue, 0, "ours");
      const { elapsed, took } = workSpan(eventsIn(output));
      if (took.length !== tasks) throw new Error(`ours did ${took.length} tasks of ${tasks}.`);
      return {
        text: table(
          ["ours", "seconds"],
          [
            ["a task, from received to done", shown(spread(took), 3)],
            ["from the first received to the last done", elapsed.toFixed(2)],
            ["the process, start to exit", seconds.toFixed(2)],
          ],
        ),
        targets: [
          atMost(
            `${tasks.toLocaleString("en-US")} tasks of one dot (1 s) at a time: seconds of the slowest`,
            1.2,
            spread(took).max,
          ),
        ],
      };
    }),
};
