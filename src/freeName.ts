/** freeName is a name that is not taken: name, or that with a number behind it. */
export function freeName(name: string, separator: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let n = 2; isTaken(free); n++) {
    free = `${name}${separator}${n}`;
  }
  return free;
}
