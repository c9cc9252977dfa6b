/** How long a test waits for what is sure to come, in ms: beyond what a busy machine needs. */
export const DEADLINE_MS = 60_000;

/**
 * Resolves when the condition holds. It is checked at once, and whenever what is given to `onChange` is called.
 * @param onChange keeps a function and calls it with every change; returns how to take it back
 * @param seen what there is to see when the time is over
 * @throws Error naming what did not come about
 */
export async function until(
  what: string,
  condition: () => boolean,
  onChange: (check: () => void) => () => void,
  seen: () => string = () => "",
): Promise<void> {
  if (condition()) return;
  await new Promise<void>((resolve, reject) => {
    const check = () => {
      try {
        if (condition()) end(resolve);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const tooLate = () =>
      end(() => reject(new Error(`Not after ${DEADLINE_MS / 1_000} s: ${what}. ${seen()}`)));
    const timer = setTimeout(tooLate, DEADLINE_MS);
    const forget = onChange(check);
    function end(settle: () => void): void {
      clearTimeout(timer);
      forget();
      settle();
    }
  });
}
