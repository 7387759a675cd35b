import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allClips } from "./reading";
import { readWave } from "./speaker.svelte";

const file = (name: string) => {
  const bytes = readFileSync(`../assets/sounds/${name}.wav`);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
};

describe("wave files", () => {
  test.each(allClips)("the shipped clip %s is read: not silent, not too long", (name) => {
    const wave = readWave(file(name));
    expect(wave?.rate).toBe(16_000);
    const length = (wave?.samples.length ?? 0) / 16_000;
    expect(length).toBeGreaterThan(0.2);
    expect(length).toBeLessThan(1.5);
    expect(wave?.samples.some((sample) => Math.abs(sample) > 0.2)).toBe(true);
  });

  test("anything else is left to the browser", () => {
    expect(readWave(new ArrayBuffer(0))).toBeUndefined();
    expect(readWave(new TextEncoder().encode("OggS".repeat(20)).buffer as ArrayBuffer)).toBeUndefined();
    const whole = file("0");
    for (let length = 0; length < 100; length++) expect(readWave(whole.slice(0, length))).toBeUndefined();
  });
});
