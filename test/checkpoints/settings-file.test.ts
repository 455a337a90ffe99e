import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSettings, readSettings, settingsText, writeSettings } from "../../src/checkpoints/index.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { memoryFolder } from "../../src/files/index.ts";

// As Python's json.dumps(…, indent=2) writes it.
const config = `{
  "model_type": "t5",
  "architectures": [
    "T5ForConditionalGeneration"
  ],
  "initializer_factor": 1.0,
  "layer_norm_epsilon": 1e-06,
  "d_model": 512,
  "model_max_length": 1000000000000000019884624838656,
  "time_step_limit": [
    0.0,
    Infinity,
    -Infinity
  ],
  "rope_parameters": {
    "rope_theta": 10000.0,
    "rope_type": "default"
  },
  "task_specific_params": {},
  "tokens": [],
  "bos_token_id": null,
  "note": "1.0, \\"Infinity\\" {[",
  "a_key_of_the_future": {
    "deep": [
      {
        "x": -0.0
      },
      2.50
    ]
  }
}
`;

describe("a file of settings", () => {
  it("is written back as it was, numbers to the letter", () => {
    const settings = parseSettings(config, "config.json");
    expect(settings.values["initializer_factor"]).toBe(1);
    expect(settings.values["time_step_limit"]).toEqual([0, Infinity, -Infinity]);
    expect(settings.values["note"]).toBe('1.0, "Infinity" {[');
    expect(settingsText(settings.values, settings)).toBe(config);
  });

  it("shows what was changed, in its place, and what was added at the end", () => {
    const settings = parseSettings(config, "config.json");
    const changed = {
      ...settings.values,
      ...{ d_model: 64, initializer_factor: 2, tokens: undefined },
      rope_parameters: { rope_theta: 10000, factor: 0.5 },
      dropout_rate: 0,
      heads: 8,
    };
    expect(settingsText(changed, settings)).toBe(
      config
        .replace('"d_model": 512', '"d_model": 64')
        .replace('"initializer_factor": 1.0', '"initializer_factor": 2.0')
        .replace('  "tokens": [],\n', "")
        .replace('"rope_type": "default"', '"factor": 0.5')
        .replace(/\n\}\n$/, ',\n  "dropout_rate": 0.0,\n  "heads": 8\n}\n'),
    );
  });

  it("gives back any JSON, whatever its layout and its keys", () => {
    const value = fc.jsonValue({ maxDepth: 4 }).filter((one) => typeof one === "object" && one !== null);
    const record = value.filter((one) => !Array.isArray(one));
    fc.assert(
      fc.property(record, fc.constantFrom(undefined, 1, 4), (values, indent) => {
        const text = JSON.stringify(values, undefined, indent);
        const settings = parseSettings(text, "x");
        expect(settings.values).toEqual(JSON.parse(text));
        expect(JSON.parse(settingsText(settings.values, settings))).toEqual(JSON.parse(text));
        expect(JSON.parse(settingsText(settings.values))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it("is refused where it is none, and never takes long over it", () => {
    const reading = (text: string) => () => parseSettings(text, "config.json");
    expect(reading("")).toThrow("config.json is empty. Copy or download it again.");
    expect(reading("[1]")).toThrow("config.json holds no JSON object");
    for (const text of ['{"a": NaN}', '{"a": 1', '{"a": "b', '{"a" "b": 1}', '{"a": "\\', "}{", "]:,"]) {
      expect(reading(text), text).toThrow(CheckpointError);
    }
    expect(reading(`{"a": "${"\\\\".repeat(3e6)}`)).toThrow(CheckpointError);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[],:"\\ 1eInfinity-.')) }), (text) => {
        try {
          parseSettings(text, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
    );
  });

  it("is read from and written to a folder", async () => {
    const folder = memoryFolder();
    await folder.write("config.json", config);
    const settings = await readSettings(folder, "config.json");
    await writeSettings(folder, "copy.json", settings.values, settings);
    expect(await folder.read("copy.json")).toEqual(await folder.read("config.json"));
    await folder.write("bad.json", "{");
    await expect(readSettings(folder, "bad.json")).rejects.toThrow("memory:bad.json is not valid JSON");
  });
});
