/** The version in a score's signature. Equal to package.json's (a test holds the two together). */
export const VERSION = "0.1.0";
