// Package testdata embeds the demo's world and configuration and the schema of
// waivers, so that the program needs no checkout.
package testdata

import _ "embed"

// DemoWorld is the organization of `crosscheck demo`, in the sandbox's world format.
//
//go:embed worlds/demo.yaml
var DemoWorld []byte

// DemoConfig is the configuration that `crosscheck demo` scans it with.
//
//go:embed worlds/demo.crosscheck.yaml
var DemoConfig []byte

// WaiversSchema is the JSON schema of a waivers file.
//
//go:embed schemas/waivers.schema.json
var WaiversSchema []byte
