// What follows each opcode, one letter an opcode, sixteen a row: Intel SDM volume 2, appendix A, 64-bit mode.
//   .  nothing            M  ModRM              b  ModRM, imm8       z  ModRM, imm16/32
//   B  imm8 or rel8       W  imm16              Z  imm16/32          V  imm16/32/64 (MOV r, imm)
//   J  rel32              A  address (8 bytes)  E  imm16, imm8 (ENTER)
//   T  ModRM, imm8 when its reg field is 0 or 1 (TEST in group 3)    U  the same with imm16/32
//   P  prefix             X  read elsewhere     !  no instruction in 64-bit mode

/** oneByteMap covers opcodes without an escape. */
export const oneByteMap =
  "MMMMBZ!!MMMMBZ!X" +
  "MMMMBZ!!MMMMBZ!!" +
  "MMMMBZP!MMMMBZP!" +
  "MMMMBZP!MMMMBZP!" +
  "PPPPPPPPPPPPPPPP" +
  "................" +
  "!!XMPPPPZzBb...." +
  "BBBBBBBBBBBBBBBB" +
  "bz!bMMMMMMMMMMMM" +
  "..........!....." +
  "AAAA....BZ......" +
  "BBBBBBBBVVVVVVVV" +
  "bbW.XXbzE.W..B!." +
  "MMMM!!!.MMMMMMMM" +
  "BBBBBBBBJJ!B...." +
  "P.PP..TU......MM";

/** twoByteMap covers opcodes after 0F. */
export const twoByteMap =
  "MMMM!.....!.!M.b" +
  "MMMMMMMMMMMMMMMM" +
  "MMMM!!!!MMMMMMMM" +
  "......!.X!X!!!!!" +
  "MMMMMMMMMMMMMMMM" +
  "MMMMMMMMMMMMMMMM" +
  "MMMMMMMMMMMMMMMM" +
  "bbbbMMM.MM!!MMMM" +
  "JJJJJJJJJJJJJJJJ" +
  "MMMMMMMMMMMMMMMM" +
  "...MbM!!...MbMMM" +
  "MMMMMMMMMMbMMMMM" +
  "MMbMbbbM........" +
  "MMMMMMMMMMMMMMMM" +
  "MMMMMMMMMMMMMMMM" +
  "MMMMMMMMMMMMMMMM";
