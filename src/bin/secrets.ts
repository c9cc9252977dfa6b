/** Commander repeats what it does not understand; a password may be in it: `--password=...`, `--uri=amqp://...`. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(unknown option '--[\w-]*=).*(')/s, "$1…$2")
    .replace(/(unknown option '-[^-]).+(')/s, "$1…$2")
    .replace(/\/\/[^/]*@/g, "//…@");
}
