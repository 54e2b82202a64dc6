package main

/*
#include <stdlib.h>
#include <string.h>

static size_t measure(const char *text) { return strlen(text); }
*/
import "C"

import "unsafe"

func init() {
	through = func(page func()) {
		text := C.CString("a request")
		defer C.free(unsafe.Pointer(text))
		if C.measure(text) != 9 {
			panic("C counts otherwise")
		}
		page()
	}
}
