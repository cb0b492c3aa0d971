# Packages the card as a Vitis RTL kernel: pointsman_card.xo.
#
#   vivado -mode batch -source package_kernel.tcl -tclargs PART GENERATED OUTPUT.xo
#
# PART is the card's FPGA. GENERATED is the build's folder generated/hw/PROFILE (card_pkg.sv, card_rom.hex). Sources are
# those of hw/rtl/files.f, the one list, under a Verilog top. Names and the control protocol are those by which driver/xrt
# opens the kernel.
if {[llength $argv] != 3} {
  puts stderr "usage: vivado -mode batch -source package_kernel.tcl -tclargs PART GENERATED OUTPUT.xo"
  exit 2
}
lassign $argv part generated output
set generated [file normalize $generated]
set output [file normalize $output]
set root [file normalize [file join [file dirname [info script]] .. ..]]

set kernel pointsman_card
set top pointsman_kernel
set control_range_bytes 0x10000
set clock_hz 300000000
set streams {s_axis_uplink_rx m_axis_uplink_tx s_axis_node_rx m_axis_node_tx}

proc sources {root} {
  set list [open [file join $root hw rtl files.f]]
  set files [split [string trim [read $list]] "\n"]
  close $list
  return [lmap file $files {file join $root $file}]
}

create_project -force package_$kernel [file join [file dirname $output] package_$kernel] -part $part
add_files -norecurse [concat [file join $generated card_pkg.sv] [sources $root] \
  [file join $root hw vitis $top.v] [file join $generated card_rom.hex]]
set_property file_type {Memory Initialization Files} [get_files card_rom.hex]
set_property top $top [current_fileset]
update_compile_order -fileset sources_1

set folder [file join [file dirname $output] ip_$kernel]
ipx::package_project -root_dir $folder -vendor pointsman -library card -taxonomy /KernelIP -import_files -set_current false
ipx::open_ipxact_file [file join $folder component.xml]
set core [ipx::current_core]
set_property name $kernel $core
set_property version 1.0 $core
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property ipi_drc {ignore_freq_hz true} $core
set_property xpm_libraries {} $core
foreach parameter [ipx::get_user_parameters -of_objects $core] {
  ipx::remove_user_parameter [get_property name $parameter] $core
}
# Every family: else only the part's own.
set_property supported_families {} $core
set_property auto_family_support_level level_2 $core

# One clock, one reset, for every interface.
ipx::infer_bus_interface ap_clk xilinx.com:signal:clock_rtl:1.0 $core
ipx::infer_bus_interface ap_rst_n xilinx.com:signal:reset_rtl:1.0 $core
ipx::associate_bus_interfaces -clock ap_clk -reset ap_rst_n $core
foreach interface [concat s_axi_control m_axi_host $streams] {
  ipx::associate_bus_interfaces -busif $interface -clock ap_clk $core
}
ipx::add_bus_parameter FREQ_HZ [ipx::get_bus_interfaces ap_clk -of_objects $core]
set_property value $clock_hz [ipx::get_bus_parameters FREQ_HZ -of_objects [ipx::get_bus_interfaces ap_clk -of_objects $core]]

# XRT finds the memory of m_axi_host by an argument. The registers are the driver's: hw/card.dtsi.
set map [ipx::add_memory_map -quiet s_axi_control $core]
set block [ipx::add_address_block -quiet reg0 $map]
set_property range $control_range_bytes $block
set_property slave_memory_map_ref s_axi_control [ipx::get_bus_interfaces s_axi_control -of_objects $core]
set rings [ipx::add_register rings $block]
set_property address_offset 0x10 $rings
set_property size 64 $rings
ipx::add_register_parameter ASSOCIATED_BUSIF $rings
set_property value m_axi_host [ipx::get_register_parameters ASSOCIATED_BUSIF -of_objects $rings]

ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity -kernel $core
ipx::save_core $core

file delete -force $output
package_xo -xo_path $output -kernel_name $kernel -ip_directory $folder -ctrl_protocol user_managed
puts "packaged: $output"
