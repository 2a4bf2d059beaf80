/** Fires on the first SIGTERM or SIGINT; the second ends the process at once, as people expect of a second Ctrl-C. */
export function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
