//go:build !canary

package main

import "github.com/spf13/cobra"

// canaryCommands are the commands that only a build with planted bugs has.
func canaryCommands() []*cobra.Command { return nil }

// canaryFlag adds the flag that plants a bug, in builds that have bugs to plant.
func canaryFlag(*cobra.Command) {}
