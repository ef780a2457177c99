// Lists tars as Go's archive/tar reads them. Each tar on standard input has its length before it, four bytes, little-endian. Each one
// is answered with a line for every entry (type, size, mode, user, group, name, link; text in hexadecimal) and a last line that is
// "end", or "refused" and why.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
)

func list(content []byte, out io.Writer) error {
	reader := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		// Engines pass over global headers.
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		size := header.Size
		if !strings.ContainsRune("07S", rune(header.Typeflag)) {
			size = 0
		}
		fmt.Fprintf(out, "%c %d %d %d %d %x. %x.\n", header.Typeflag, size, header.Mode&07777, header.Uid, header.Gid, header.Name, header.Linkname)
		// What is claimed to have many gigabytes takes as long to read as they take to be written.
		if size <= 1<<26 {
			if _, err := io.Copy(io.Discard, reader); err != nil {
				return err
			}
		}
	}
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var length uint32
		if binary.Read(in, binary.LittleEndian, &length) != nil {
			return
		}
		content := make([]byte, length)
		if _, err := io.ReadFull(in, content); err != nil {
			os.Exit(1)
		}
		if err := list(content, out); err != nil {
			fmt.Fprintf(out, "refused %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, "end")
		}
	}
}
