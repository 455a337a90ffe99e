/** Names in files are in snake_case, those of the API in camelCase. */

/** `hidden_states.0` as `hiddenStates.0`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** `hiddenStates.0` as `hidden_states.0`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
