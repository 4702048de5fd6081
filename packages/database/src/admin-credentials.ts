/**
 * The addresses that better-auth lets sign in, as zod's `email()` has them: ASCII, and a domain with a dot. Another one would
 * make an admin who can never sign in.
 */
export const EMAIL_PATTERN =
  "^(?:[A-Za-z0-9_'+-]+\\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9-]*\\.)+[A-Za-z]{2,}$";

export const EMAIL_MAX_LENGTH = 254;

/** Whether an admin can sign in with this address. */
export const isEmail = (text: string): boolean =>
  text.length <= EMAIL_MAX_LENGTH && new RegExp(EMAIL_PATTERN).test(text);

/** How long an admin's password is, in UTF-16 units, which better-auth counts. */
export const passwordLength = { min: 12, max: 128 };

export const isNewPassword = (text: string): boolean =>
  text.length >= passwordLength.min && text.length <= passwordLength.max;
