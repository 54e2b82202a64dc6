import { BpfError } from "../errors.js";
import type { Link } from "../link/link.js";
import { attachBySection } from "../object/attach.js";
import { loadObject } from "../object/load.js";
import type { Closable, LoadedObject } from "../object/loaded.js";
import type { LoadOptions } from "../object/options.js";
import { readObject } from "../object/read.js";
import type { ObjectSpec } from "../object/spec.js";
import { type SubscribeOptions, type Subscription, subscribe } from "../subscriber/subscription.js";
import { type Ending, endWithProcess } from "./endings.js";

/** SessionState is what a session is doing. */
export type SessionState = "attached" | "suspended" | "closed";

/** UnloadReason says why a session ends: by close(), because it could not begin, or with the process. */
export type UnloadReason = "closed" | "failed" | Ending;

/** Attachment is a program's name, for what its section says, or a function that makes links. */
export type Attachment = string | ((object: LoadedObject) => Link | readonly Link[]);

/** SessionOptions say what is loaded, where it is attached, and what is to happen around that. */
export interface SessionOptions extends LoadOptions {
  /** An object's bytes, or what readObject() made of them. */
  readonly object: Uint8Array | ObjectSpec;
  /** What to attach, in this order; absent means every program that was loaded, where its section says. */
  readonly attach?: readonly Attachment[];
  /** Called after loading and before attaching: the time to fill maps. What it throws ends the session. */
  onLoad?(object: LoadedObject): void;
  /**
   * Called once, after detaching and while the maps can still be read; also when attaching fails half-way.
   * At the process's exit nothing asynchronous runs any more.
   */
  onUnload?(object: LoadedObject, reason: UnloadReason): void;
  /**
   * Signals that close the session and then end the process as they would have. Absent means SIGINT, SIGTERM
   * and SIGHUP if there is an onUnload, else none: the kernel detaches by itself. Where the program listens
   * to a signal too, it decides, and the session is closed at its exit.
   */
  readonly signals?: readonly NodeJS.Signals[];
}

/**
 * Session owns an object's programs, maps and links: attached from the start, gone with close(), `using`, and
 * with the process however it ends, for nothing is pinned. It belongs to the thread that opened it; a worker
 * that is terminated from outside leaves it to the process's end.
 */
export class Session {
  readonly object: LoadedObject;
  readonly #options: SessionOptions;
  readonly #owned: Closable[] = [];
  readonly #stay: () => void;
  #links: Link[] = [];
  #state: SessionState = "suspended";

  /** Loads and attaches; openSession() is the usual way to get here. */
  constructor(options: SessionOptions) {
    const { object, ...load } = options;
    this.#options = options;
    this.object = loadObject(object instanceof Uint8Array ? readObject(object) : object, load);
    const standard: readonly NodeJS.Signals[] =
      options.onUnload === undefined ? [] : ["SIGINT", "SIGTERM", "SIGHUP"];
    this.#stay = endWithProcess({
      signals: options.signals ?? standard,
      end: (ending) => this.#unload(ending),
    });
    try {
      options.onLoad?.(this.object);
      this.resume();
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  /** state tells what the session is doing. */
  get state(): SessionState {
    return this.#state;
  }

  /** links are the attachments, none while suspended. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** suspend detaches everything and keeps programs and maps with their contents. Twice is harmless. */
  suspend(): void {
    this.#check();
    this.#detach();
    this.#state = "suspended";
  }

  /** resume attaches again. When a part cannot be attached, none is, and the error passes through. */
  resume(): void {
    this.#check();
    if (this.#state === "attached") return;
    const { object } = this;
    try {
      for (const one of this.#options.attach ?? object.programs.keys()) {
        const made = typeof one === "string" ? attachBySection(object, one) : one(object);
        this.#links.push(...(Array.isArray(made) ? made : [made]));
      }
    } catch (error) {
      this.#detach();
      throw error;
    }
    this.#state = "attached";
  }

  /**
   * subscribe reads a ring buffer or perf event array of the object until the session is closed. Drops are
   * counted in the map "drops" if the object has one and the options name no other.
   */
  subscribe(map: string, options: SubscribeOptions = {}): Subscription {
    this.#check();
    const drops = options.drops ?? this.object.maps.get("drops");
    return this.own(subscribe(this.object.map(map), drops === undefined ? options : { ...options, drops }));
  }

  /** own has something, such as a reader, closed with the session: after detaching, before the maps. */
  own<T extends Closable>(one: T): T {
    this.#check();
    this.#owned.push(one);
    return one;
  }

  /** close detaches and frees everything. Twice is harmless. What onUnload throws passes through at the end. */
  close(): void {
    this.#unload("closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The asynchronous form, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #abandon(): void {
    try {
      this.#unload("failed");
    } catch {
      // The error that ended the session is the one to tell.
    }
  }

  #unload(reason: UnloadReason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#stay();
    // Whatever fails, the rest is still done.
    try {
      try {
        this.#detach();
      } finally {
        for (const one of this.#owned) one.close();
      }
    } finally {
      try {
        this.#options.onUnload?.(this.object, reason);
      } finally {
        this.object.close();
      }
    }
  }

  #detach(): void {
    const links = this.#links;
    this.#links = [];
    // Last attached, first detached. One that fails must not keep the others.
    const errors: unknown[] = [];
    for (const link of links.reverse()) {
      try {
        link.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #check(): void {
    if (this.#state === "closed") throw new BpfError("closed", "the session was used after close()");
  }
}

/**
 * openSession loads an object and attaches its programs. Throws what loadObject() and the hooks throw; then
 * everything attached so far is detached again.
 */
export function openSession(options: SessionOptions): Session {
  return new Session(options);
}
