// The only place of this package that reads the environment.

/** environment is what the command takes from the process's environment. */
export const environment = {
  /** colour is off when NO_COLOR is set to anything but the empty text (no-color.org). */
  noColour: (process.env["NO_COLOR"] ?? "") !== "",
  dumbTerminal: process.env["TERM"] === "dumb",
  /** path is where programs are looked for (the demo asks whether a Go toolchain is there). */
  path: process.env["PATH"] ?? "",
} as const;

/** childEnvironment is this process's environment with some names set, for a program that we start. */
export function childEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}
