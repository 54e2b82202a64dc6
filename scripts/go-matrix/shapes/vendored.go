package main

import "example.org/around"

func init() { through = around.Page }
