// Steps of a colour, by which figures of cells are told apart on a map.

const STEPS = 5;

/**
 * The step of each value, 1 to 5, by its rank; 0 where there is none.
 * @param {(number | null)[]} values
 */
export function stepsOf(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return values.map((value) =>
    value === null ? 0 : 1 + Math.min(STEPS - 1, Math.floor((sorted.indexOf(value) / sorted.length) * STEPS)),
  );
}
