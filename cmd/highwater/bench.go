package main

import "github.com/spf13/cobra"

func init() {
	register(func() *cobra.Command {
		return group("bench", "Measure this machine", newBenchDisk())
	})
}
