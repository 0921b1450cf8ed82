// Package config reads a broker's configuration: flat dotted keys with the names that Kafka gives them, from four places.
//
//	defaults  <  server.properties  <  HIGHWATER_NODE_ID=3 ...  <  command-line flags        the right-most wins
//	                        \________________|________________/
//	                                     Config, and for each key where its value came from
//
// Laws:
//
//	CF-1  A key that nobody reads is an error with the nearest name, wherever it stands: a typo never means the default.
//	      (by construction)
//	CF-2  Only keys that change something exist. (by construction)
//
// Start reading at keys.go: it is the table of all keys. load.go merges the places, properties.go reads the file.
package config
