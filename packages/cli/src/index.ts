// The command has no API of its own: bin/go3s.js starts main.ts. Its helpers are private.
export {};
