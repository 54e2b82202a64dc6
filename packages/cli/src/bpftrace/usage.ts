/** version is the one whose language and output this command has. */
export const version = "v0.27.0-go3s";

/** usage is the help of the command line. */
export const usage = `go3s bpftrace - scripts in bpftrace's language, compiled by Go3s

USAGE:
    bpftrace [options] FILE [PARAMETER...]
    bpftrace [options] -              the script comes from stdin
    bpftrace [options] -e 'PROGRAM'
    -- before options of the script itself (getopt())

OPTIONS:
    -e PROGRAM           run this program
    -l, --list [SEARCH]  list probes: all, those of a pattern, of a file or of -e
    -v, --verbose        say more; with -l show arguments
    -p, --pid PID        only this process
    -c, --cmd COMMAND    start it when all is attached, end with it
    -o, --output FILE    write there
    -f FORMAT            text or json
    -B MODE              when output is written: line, full, none
    -q, --quiet          no messages beside the output
    -k, --warnings       tell when reading memory or a map fails
    --no-warnings        no warnings
    -I DIR, --include FILE
                         where C headers are looked for; what is included first
    --unsafe             allow system(), signal(), write_user()
    --usdt-file-activation
                         switch USDT probes on by file
    --info               what this kernel can do
    -V, --version
    -h, --help

FOR DEVELOPERS:
    --mode MODE, --test, --bench, --probe-filter REGEX
    --dry-run            attach, then stop
    -d STAGE             show a stage of the compiler (ast, codegen, asm, all)
    --emit-elf FILE      write the compiled object, run nothing
    --verify-llvm-ir, --emit-llvm, --no-feature, --debuginfo: taken, there is no LLVM here
`;
