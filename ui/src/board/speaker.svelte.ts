//! Clips through Web Audio, joined without a gap. Plain wave files are read here, so that the
//! shipped clips need no decoder of the web view; anything else is the browser's to decode.

export interface Wave {
  rate: number;
  samples: Float32Array<ArrayBuffer>;
}

/** A mono 16-bit wave file; nothing when it is anything else. */
export function readWave(bytes: ArrayBuffer): Wave | undefined {
  const view = new DataView(bytes);
  const tag = (at: number) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  if (bytes.byteLength < 44 || tag(0) !== "RIFF" || tag(8) !== "WAVE") return undefined;
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.byteLength;) {
    const size = view.getUint32(at + 4, true);
    const from = at + 8;
    if (from + size > bytes.byteLength) return undefined;
    if (tag(at) === "fmt " && size >= 16) {
      const [format, channels, bits] = [0, 2, 14].map((offset) => view.getUint16(from + offset, true));
      if (format !== 1 || channels !== 1 || bits !== 16) return undefined;
      rate = view.getUint32(from + 4, true);
    } else if (tag(at) === "data" && rate > 0) {
      const samples = new Float32Array(Math.floor(size / 2));
      for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(from + 2 * i, true) / 32_768;
      return { rate, samples };
    }
    at = from + size + (size % 2);
  }
  return undefined;
}

export class Speaker {
  /** Whether the browser wants a click before it lets a page sound. */
  locked = $state(true);
  readonly #fetch: (name: string) => Promise<ArrayBuffer>;
  readonly #kept = new Map<string, Promise<AudioBuffer>>();
  #context: AudioContext | undefined;

  constructor(fetch: (name: string) => Promise<ArrayBuffer>) {
    this.#fetch = fetch;
  }

  /** Tries to be heard; a browser that asks for a click first leaves it locked. */
  open(): void {
    try {
      this.#context ??= new AudioContext();
    } catch {
      // No sound device at all: the board still shows every call.
      return;
    }
    const context = this.#context;
    context.onstatechange = () => (this.locked = context.state !== "running");
    this.locked = context.state !== "running";
    void context.resume().catch(() => undefined);
  }

  /** Plays clips one after the other; ends when the last is over. Silent while locked. */
  async play(names: string[]): Promise<void> {
    const context = this.#context;
    if (!context || context.state !== "running") return;
    const clips = await Promise.all(names.map((name) => this.#clip(context, name)));
    let at = context.currentTime + 0.02;
    let last: AudioBufferSourceNode | undefined;
    for (const buffer of clips) {
      last = context.createBufferSource();
      last.buffer = buffer;
      last.connect(context.destination);
      last.start(at);
      at += buffer.duration;
    }
    const end = last;
    if (!end) return;
    const length = (at - context.currentTime) * 1000;
    // A sound device that is pulled out never ends a clip.
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, length + 2_000);
      end.onended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #clip(context: AudioContext, name: string): Promise<AudioBuffer> {
    let clip = this.#kept.get(name);
    if (!clip) {
      clip = this.#fetch(name).then((bytes) => {
        const wave = readWave(bytes);
        if (!wave) return context.decodeAudioData(bytes);
        const buffer = context.createBuffer(1, wave.samples.length, wave.rate);
        buffer.copyToChannel(wave.samples, 0);
        return buffer;
      });
      // Tried again at the next call.
      clip.catch(() => this.#kept.delete(name));
      this.#kept.set(name, clip);
    }
    return clip;
  }
}
