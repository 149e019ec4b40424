// Fakegpus is a device plugin for GPUs that do not exist: it speaks the kubelet's own device plugin
// API, so that the node's capacity, what a pod is given and what becomes of a broken device are the
// kubelet's doing, and no device stands behind any of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const usage = `usage: fakegpus [--folder FOLDER] [--unhealthy FOLDER] RESOURCE=COUNT…

Offers COUNT devices of each resource to the kubelet, for example nvidia.com/gpu=2 nvidia.com/mig-1g.10gb=4.
Devices are called after the resource: gpu-0, gpu-1, mig-1g.10gb-0 …; a pod finds those that it was given in
NVIDIA_VISIBLE_DEVICES. A file with a device's name in the folder of --unhealthy makes that device unhealthy.
`

func main() {
	log.SetFlags(0)
	log.SetPrefix("fakegpus: ")
	folder := flag.String("folder", api.DevicePluginPath, "where the kubelet has its socket, and the plugin makes its own")
	unhealthy := flag.String("unhealthy", "", "folder with a file for each unhealthy device")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	resources, err := parse(flag.Args())
	if err != nil {
		log.Print(err)
		flag.Usage()
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *folder, *unhealthy, resources); err != nil && ctx.Err() == nil {
		log.Print(err)
		os.Exit(1)
	}
}

type resource struct {
	name  string
	count int
}

// The part of a resource's name that devices are called after.
func (r resource) kind() string { return r.name[strings.Index(r.name, "/")+1:] }

func (r resource) devices() []string {
	names := make([]string, r.count)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", r.kind(), i)
	}
	return names
}

var resourceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

func parse(arguments []string) ([]resource, error) {
	if len(arguments) == 0 {
		return nil, errors.New("name a resource and how many there are of it")
	}
	var found []resource
	kinds := map[string]bool{}
	for _, argument := range arguments {
		name, amount, _ := strings.Cut(argument, "=")
		count, err := strconv.Atoi(amount)
		if err != nil || count < 1 || count > 1000 || !resourceName.MatchString(name) {
			return nil, fmt.Errorf("%q is no resource with a number from 1 to 1000; write for example nvidia.com/gpu=2", argument)
		}
		next := resource{name, count}
		if kinds[next.kind()] {
			return nil, fmt.Errorf("two resources end in %s, and their devices would have the same names", next.kind())
		}
		kinds[next.kind()] = true
		found = append(found, next)
	}
	return found, nil
}

// Serves until the context ends. The kubelet forgets every plugin when it starts, and removes their
// sockets: whenever its own socket is made anew, all of them are offered again.
func run(ctx context.Context, folder, unhealthy string, resources []resource) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	if err := watcher.Add(folder); err != nil {
		return err
	}
	if unhealthy != "" {
		if err := os.MkdirAll(unhealthy, 0o750); err != nil {
			return err
		}
		if err := watcher.Add(unhealthy); err != nil {
			return err
		}
	}
	health := newHealth(unhealthy)
	plugins := make([]*plugin, len(resources))
	for i, resource := range resources {
		plugins[i] = newPlugin(resource, folder, health)
	}
	defer func() {
		for _, plugin := range plugins {
			plugin.stop()
		}
	}()
	kubelet := filepath.Join(folder, filepath.Base(api.KubeletSocket))
	offer := func() error {
		for _, plugin := range plugins {
			if err := plugin.offer(ctx, kubelet); err != nil {
				return fmt.Errorf("offering %s: %w", plugin.resource.name, err)
			}
		}
		return nil
	}
	if _, err := os.Stat(kubelet); err == nil {
		if err := offer(); err != nil {
			return err
		}
	} else {
		log.Printf("waits for the kubelet's socket %s", kubelet)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watcher.Errors:
			return err
		case event := <-watcher.Events:
			switch {
			case event.Name == kubelet && event.Has(fsnotify.Create):
				log.Print("the kubelet has started")
				if err := offer(); err != nil {
					return err
				}
			case unhealthy != "" && filepath.Dir(event.Name) == filepath.Clean(unhealthy):
				health.changed()
			}
		}
	}
}

// Which devices are unhealthy, and who wants to know when that changes.
type health struct {
	folder  string
	mutex   sync.Mutex
	version chan struct{}
}

func newHealth(folder string) *health { return &health{folder: folder, version: make(chan struct{})} }

// Closed at the next change; taken before the devices are looked at, so that no change is missed.
func (h *health) next() <-chan struct{} {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.version
}

func (h *health) changed() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	close(h.version)
	h.version = make(chan struct{})
}

func (h *health) of(device string) string {
	if h.folder == "" {
		return api.Healthy
	}
	if _, err := os.Stat(filepath.Join(h.folder, device)); err == nil {
		return api.Unhealthy
	}
	return api.Healthy
}
