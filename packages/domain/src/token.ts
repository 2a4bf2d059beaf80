/**
 * Encodes any text as one token of letters, digits, "_", "-" and "=", for places where names are restricted (subjects,
 * keys): other UTF-16 code units become "=XX" below 256 and "=uXXXX" above; the empty text becomes "=". Reversible for
 * every string, lone surrogates included; different texts give different tokens. At most six characters a code unit.
 */
export function encodeToken(text: string): string {
  if (text === "") return "=";
  return text.replace(/[^A-Za-z0-9_-]/g, (unit) => {
    const code = unit.charCodeAt(0);
    const digits = code.toString(16).toUpperCase();
    return code < 256 ? `=${digits.padStart(2, "0")}` : `=u${digits.padStart(4, "0")}`;
  });
}

/** The text that {@link encodeToken} was given; what it cannot have made is returned as far as it can be read. */
export function decodeToken(token: string): string {
  if (token === "=") return "";
  return token.replace(/=u([0-9A-F]{4})|=([0-9A-F]{2})/g, (_match, wide?: string, narrow?: string) =>
    String.fromCharCode(Number.parseInt(wide ?? narrow ?? "0", 16)),
  );
}
