// Every file beside this one is a program of its own: node examples/dist/NAME.js.
export {};
