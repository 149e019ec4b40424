package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// NVIDIA's container runtime reads from it which devices a container gets.
const visibleDevices = "NVIDIA_VISIBLE_DEVICES"

// How long the kubelet may take to answer.
const patience = 30 * time.Second

// One resource: a server that the kubelet asks, on a socket beside the kubelet's.
type plugin struct {
	api.UnimplementedDevicePluginServer
	resource resource
	socket   string
	health   *health
	server   *grpc.Server
}

func newPlugin(resource resource, folder string, health *health) *plugin {
	socket := filepath.Join(folder, "hone-fake-"+strings.ReplaceAll(resource.name, "/", "-")+".sock")
	return &plugin{resource: resource, socket: socket, health: health}
}

// Serves on a fresh socket and tells the kubelet of it.
func (p *plugin) offer(ctx context.Context, kubelet string) error {
	p.stop()
	if err := os.Remove(p.socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, p)
	p.server = server
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Printf("%s: %v", p.resource.name, err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connection, err := grpc.NewClient("unix://"+kubelet, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	request := &api.RegisterRequest{
		Version:      api.Version,
		Endpoint:     filepath.Base(p.socket),
		ResourceName: p.resource.name,
		Options:      &api.DevicePluginOptions{},
	}
	if _, err := api.NewRegistrationClient(connection).Register(ctx, request, grpc.WaitForReady(true)); err != nil {
		return err
	}
	log.Printf("offers %d %s", p.resource.count, p.resource.name)
	return nil
}

func (p *plugin) stop() {
	if p.server != nil {
		p.server.Stop()
		p.server = nil
	}
}

func (p *plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// Tells of all devices now, and again whenever the health of one changes.
func (p *plugin) ListAndWatch(_ *api.Empty, stream grpc.ServerStreamingServer[api.ListAndWatchResponse]) error {
	for {
		change := p.health.next()
		response := &api.ListAndWatchResponse{}
		for _, name := range p.resource.devices() {
			response.Devices = append(response.Devices, &api.Device{ID: name, Health: p.health.of(name)})
		}
		if err := stream.Send(response); err != nil {
			return err
		}
		select {
		case <-change:
		case <-stream.Context().Done():
			return nil
		}
	}
}

// Gives the containers of a pod the devices that the kubelet has chosen for them.
func (p *plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	known := map[string]bool{}
	for _, name := range p.resource.devices() {
		known[name] = true
	}
	response := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		for _, id := range container.DevicesIds {
			if !known[id] {
				return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("there is no device %s of %s", id, p.resource.name))
			}
		}
		response.ContainerResponses = append(response.ContainerResponses, &api.ContainerAllocateResponse{
			Envs: map[string]string{visibleDevices: strings.Join(container.DevicesIds, ",")},
		})
	}
	return response, nil
}
