package device

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// fileName begins the name of the one file that there is; its number is the life of the device.
const fileName = "life-"

// maxWrite bounds one request, in bytes: the kernel sends larger ones in parts.
const maxWrite = 1 << 20

// server answers the kernel's FUSE requests about one file, whose bytes are an image. Each life of the device is a file of its
// own, so that no page and no request of one reaches the next.
type server struct {
	fuse.RawFileSystem
	image  *image
	fuse   *fuse.Server
	folder string
}

// serve mounts the file system on the folder.
func serve(m *image, folder string) (*server, error) {
	// A descriptor that a child process inherited would keep the file system alive, and whoever waits for it.
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d,max_read=%d", fd, os.Geteuid(), os.Getegid(), maxWrite)
	if err := unix.Mount(Prefix, folder, "fuse."+Prefix, unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return nil, fmt.Errorf("mount the device's file: %w", errors.Join(err, unix.Close(fd)))
	}
	s := &server{RawFileSystem: fuse.NewDefaultRawFileSystem(), image: m, folder: folder}
	s.fuse, err = fuse.NewServer(s, fmt.Sprintf("/dev/fd/%d", fd), &fuse.MountOptions{
		Name: Prefix, MaxWrite: maxWrite, MaxBackground: 64, DisableXAttrs: true, DisableSplice: true,
		Logger: log.New(io.Discard, "", 0), // it reports each I/O error that a cut gives
	})
	if err != nil {
		return nil, fmt.Errorf("serve the device's file: %w", errors.Join(err, unix.Unmount(folder, unix.MNT_DETACH), unix.Close(fd)))
	}
	go s.fuse.Serve()
	return s, nil
}

// close unmounts. Whoever still holds the file keeps the kernel's side of it, and gets errors from an image without power.
func (s *server) close() error {
	if err := unix.Unmount(s.folder, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the device's file: %w", err)
	}
	return nil
}

// node is the number of the file of a life.
func node(life int) uint64 { return fuse.FUSE_ROOT_ID + uint64(life) }

func (s *server) attr(id uint64, a *fuse.Attr) {
	a.Ino, a.Mode, a.Nlink = id, syscall.S_IFDIR|0o700, 2
	if id != fuse.FUSE_ROOT_ID {
		a.Mode, a.Nlink, a.Size = syscall.S_IFREG|0o600, 1, uint64(s.image.size)
		a.Blocks, a.Blksize = a.Size/Sector, 4096
	}
}

// Lookup finds the file of a life.
func (s *server) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	number, ours := strings.CutPrefix(name, fileName)
	life, err := strconv.Atoi(number)
	if h.NodeId != fuse.FUSE_ROOT_ID || !ours || err != nil || life <= 0 {
		return fuse.ENOENT
	}
	out.NodeId = node(life)
	s.attr(out.NodeId, &out.Attr)
	return fuse.OK
}

// GetAttr says how large the device is.
func (s *server) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	s.attr(in.NodeId, &out.Attr)
	return fuse.OK
}

// SetAttr changes nothing: times are all that anybody sets.
func (s *server) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	if _, ok := in.GetSize(); ok {
		return fuse.EPERM
	}
	s.attr(in.NodeId, &out.Attr)
	return fuse.OK
}

// Open lets the kernel cache nothing: every read and write of the loop device comes here.
func (s *server) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if in.NodeId == fuse.FUSE_ROOT_ID {
		return fuse.Status(syscall.EISDIR)
	}
	out.OpenFlags = fuse.FOPEN_DIRECT_IO
	return fuse.OK
}

func life(h *fuse.InHeader) int { return int(h.NodeId - fuse.FUSE_ROOT_ID) }

// Read is a read of the device.
func (s *server) Read(_ <-chan struct{}, in *fuse.ReadIn, p []byte) (fuse.ReadResult, fuse.Status) {
	if n := s.image.size - int64(in.Offset); int64(len(p)) > n {
		p = p[:max(0, n)]
	}
	if !s.image.read(life(&in.InHeader), p, int64(in.Offset)) {
		return nil, fuse.EIO
	}
	return fuse.ReadResultData(p), fuse.OK
}

// Write is a write of the device.
func (s *server) Write(_ <-chan struct{}, in *fuse.WriteIn, p []byte) (uint32, fuse.Status) {
	switch {
	case int64(in.Offset)+int64(len(p)) > s.image.size:
		return 0, fuse.Status(syscall.EFBIG)
	case !s.image.write(life(&in.InHeader), p, int64(in.Offset)):
		return 0, fuse.EIO
	}
	return uint32(len(p)), fuse.OK
}

// Fsync is a flush of the device.
func (s *server) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if !s.image.flush(life(&in.InHeader)) {
		return fuse.EIO
	}
	return fuse.OK
}

// Flush comes with a close and means nothing.
func (s *server) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.OK }
