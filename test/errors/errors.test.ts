import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CheckpointError,
  ConfigError,
  EngineError,
  GraphError,
  HeedError,
  InputError,
  LostRankError,
  nearest,
  TrainingError,
} from "../../src/errors/index.ts";

test("each error is a HeedError that carries its own name and the message", () => {
  for (const Kind of [
    GraphError,
    InputError,
    ConfigError,
    CheckpointError,
    EngineError,
    TrainingError,
    LostRankError,
  ]) {
    const error = new Kind("what was got", { cause: "a reason" });
    expect(error).toBeInstanceOf(HeedError);
    expect(error.name).toBe(Kind.name);
    expect(String(error)).toBe(`${Kind.name}: what was got`);
    expect(error.cause).toBe("a reason");
  }
});

test("nearest finds the choice that was meant, and none where nothing is like it", () => {
  const choices = ["layers", "width", "heads", "feedForward", "vocabulary"];
  expect(nearest("layer", choices)).toBe("layers");
  expect(nearest("Heads", choices)).toBe("heads");
  expect(nearest("feed_forward", choices)).toBe("feedForward");
  expect(nearest("vocabulry", choices)).toBe("vocabulary");
  expect(nearest("colour", choices)).toBeUndefined();
  expect(nearest("anything", [])).toBeUndefined();
});

test("nearest finds a choice again after one letter was changed", () => {
  const choices = ["translation", "classification", "generation"];
  fc.assert(
    fc.property(fc.constantFrom(...choices), fc.nat(), fc.constantFrom("x", "", "qq"), (choice, place, letters) => {
      const at = place % choice.length;
      expect(nearest(choice.slice(0, at) + letters + choice.slice(at + 1), choices)).toBe(choice);
    }),
  );
});
