/** ContextField is a field of a context as the program sees it. */
export interface ContextField {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed?: boolean;
  readonly writable?: boolean;
  /** count is set for arrays. */
  readonly count?: number;
  /** object is the type of what the field points to: an object that the verifier knows, or nil. */
  readonly object?: string;
}

/** ContextRow is what a kind of program gets as its parameter. */
export interface ContextRow {
  readonly name: string;
  readonly aliases: readonly string[];
  /**
   * access says where fields come from: `format` a tracepoint's format, `words` unsigned 64-bit words (`Arg`),
   * `typed` words whose types are in the kernel's BTF, `registers` struct pt_regs, `fields` the rows here,
   * `any` whatever the hook gives.
   */
  readonly access: "format" | "words" | "typed" | "registers" | "fields" | "any";
  /** registersAt is the offset of struct pt_regs, for contexts that begin with it. */
  readonly fields: readonly ContextField[];
  /** packet names the fields with the packet's bounds, when there are any. */
  readonly packet?: { readonly data: number; readonly end: number; readonly size?: 4 | 8 };
}
