/** This workspace holds checks only; it exports nothing. */
export {};
