package main

import "github.com/spf13/cobra"

func init() {
	register(func() *cobra.Command {
		return group("bench", "Measure a broker beside the limits of this machine",
			newBenchProduce(), newBenchConsume(), newBenchE2E(), newBenchDisk(), newBenchTable(), newBenchEcho())
	})
}
