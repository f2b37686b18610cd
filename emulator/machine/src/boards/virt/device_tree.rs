//! The device tree of the `virt` board (Devicetree Specification 0.4, and the bindings of Linux).

use lockstep_core::VcpuId;
use vm_fdt::{Error, FdtWriter};

use super::{Config, GicVersion, map};
use crate::BuildError;

const PHANDLE_GIC: u32 = 1;
const PHANDLE_CLOCK: u32 = 2;
const PHANDLE_GPIO: u32 = 3;

const SPI: u32 = 0;
const PPI: u32 = 1;
const EDGE: u32 = 1;
const LEVEL: u32 = 4;
/// Linux's code of the power key.
const KEY_POWER: u32 = 116;

/// Makes the device tree; `initrd` is its address range.
pub(super) fn make(config: &Config<'_>, initrd: Option<(u64, u64)>) -> Result<Vec<u8>, BuildError> {
    write(config, initrd).map_err(|error| BuildError::DeviceTree(error.to_string()))
}

fn write(config: &Config<'_>, initrd: Option<(u64, u64)>) -> Result<Vec<u8>, Error> {
    let mut fdt = FdtWriter::new()?;
    let root = fdt.begin_node("")?;
    fdt.property_string("compatible", "linux,dummy-virt")?;
    fdt.property_string("model", "linux,dummy-virt")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_u32("interrupt-parent", PHANDLE_GIC)?;
    write_chosen(&mut fdt, config, initrd)?;
    write_memory(&mut fdt, config)?;
    write_cpus(&mut fdt, config)?;
    write_psci(&mut fdt)?;
    write_timer(&mut fdt)?;
    write_pmu(&mut fdt)?;
    write_gic(&mut fdt, config)?;
    write_clock(&mut fdt)?;
    write_uart(&mut fdt)?;
    write_rtc(&mut fdt)?;
    write_gpio(&mut fdt)?;
    write_flash(&mut fdt)?;
    write_virtio(&mut fdt)?;
    fdt.end_node(root)?;
    fdt.finish()
}

fn write_chosen(
    fdt: &mut FdtWriter,
    config: &Config<'_>,
    initrd: Option<(u64, u64)>,
) -> Result<(), Error> {
    let node = fdt.begin_node("chosen")?;
    fdt.property_string("stdout-path", &format!("/pl011@{:x}", map::UART))?;
    // Kernels take their first randomness from here; a replayed one must get the same.
    let seed = lockstep_core::chain(config.record.seed, b"kaslr-seed");
    fdt.property_u64("kaslr-seed", seed)?;
    let seed: Vec<u32> = (0..8u8)
        .flat_map(|part| {
            let word = lockstep_core::chain(config.record.seed, &[b'r', part]);
            [(word >> 32) as u32, word as u32]
        })
        .collect();
    fdt.property_array_u32("rng-seed", &seed)?;
    if !config.record.append.is_empty() {
        fdt.property_string("bootargs", &config.record.append)?;
    }
    if let Some((start, end)) = initrd {
        fdt.property_u64("linux,initrd-start", start)?;
        fdt.property_u64("linux,initrd-end", end)?;
    }
    fdt.end_node(node)
}

fn write_memory(fdt: &mut FdtWriter, config: &Config<'_>) -> Result<(), Error> {
    let node = fdt.begin_node(&format!("memory@{:x}", map::RAM))?;
    fdt.property_string("device_type", "memory")?;
    fdt.property_array_u64("reg", &[map::RAM, config.record.memory])?;
    fdt.end_node(node)
}

fn write_cpus(fdt: &mut FdtWriter, config: &Config<'_>) -> Result<(), Error> {
    let cpus = fdt.begin_node("cpus")?;
    fdt.property_u32("#address-cells", 1)?;
    fdt.property_u32("#size-cells", 0)?;
    for number in 0..config.record.vcpus {
        let affinity = lockstep_aarch64::affinity(VcpuId(number)) as u32;
        let node = fdt.begin_node(&format!("cpu@{affinity:x}"))?;
        fdt.property_string("device_type", "cpu")?;
        fdt.property_string("compatible", "arm,armv8")?;
        fdt.property_u32("reg", affinity)?;
        fdt.property_string("enable-method", "psci")?;
        fdt.end_node(node)?;
    }
    fdt.end_node(cpus)
}

fn write_psci(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("psci")?;
    let compatible = ["arm,psci-1.0", "arm,psci-0.2", "arm,psci"];
    fdt.property_string_list("compatible", compatible.map(str::to_owned).to_vec())?;
    fdt.property_string("method", "hvc")?;
    fdt.property_u32("cpu_suspend", 0xc400_0001)?;
    fdt.property_u32("cpu_off", 0x8400_0002)?;
    fdt.property_u32("cpu_on", 0xc400_0003)?;
    fdt.property_u32("migrate", 0xc400_0005)?;
    fdt.end_node(node)
}

fn write_timer(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("timer")?;
    fdt.property_string("compatible", "arm,armv8-timer")?;
    let cells: Vec<u32> = map::TIMER_PPIS.iter().flat_map(|ppi| [PPI, *ppi, LEVEL]).collect();
    fdt.property_array_u32("interrupts", &cells)?;
    fdt.property_null("always-on")?;
    fdt.end_node(node)
}

fn write_pmu(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("pmu")?;
    fdt.property_string("compatible", "arm,armv8-pmuv3")?;
    fdt.property_array_u32("interrupts", &[PPI, map::PMU_PPI, LEVEL])?;
    fdt.end_node(node)
}

fn write_gic(fdt: &mut FdtWriter, config: &Config<'_>) -> Result<(), Error> {
    let node = fdt.begin_node(&format!("intc@{:x}", map::GIC_DISTRIBUTOR))?;
    let second = match config.gic {
        GicVersion::V2 => {
            fdt.property_string("compatible", "arm,cortex-a15-gic")?;
            [map::GIC_CPU, map::GIC_FRAME]
        }
        GicVersion::V3 => {
            fdt.property_string("compatible", "arm,gic-v3")?;
            fdt.property_u32("#redistributor-regions", 1)?;
            let count = u64::from(config.record.vcpus);
            [map::GIC_REDISTRIBUTORS, count * map::GIC_REDISTRIBUTOR_SIZE]
        }
    };
    fdt.property_array_u64("reg", &[map::GIC_DISTRIBUTOR, map::GIC_FRAME, second[0], second[1]])?;
    fdt.property_u32("#interrupt-cells", 3)?;
    fdt.property_null("interrupt-controller")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_null("ranges")?;
    fdt.property_phandle(PHANDLE_GIC)?;
    fdt.end_node(node)
}

fn write_clock(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("apb-pclk")?;
    fdt.property_string("compatible", "fixed-clock")?;
    fdt.property_u32("#clock-cells", 0)?;
    fdt.property_u32("clock-frequency", map::APB_CLOCK)?;
    fdt.property_string("clock-output-names", "clk24mhz")?;
    fdt.property_phandle(PHANDLE_CLOCK)?;
    fdt.end_node(node)
}

/// What every PrimeCell has.
fn write_primecell(
    fdt: &mut FdtWriter,
    name: &str,
    base: u64,
    spi: u32,
    clocks: &[&str],
) -> Result<(), Error> {
    let compatible = vec![format!("arm,{name}"), "arm,primecell".to_owned()];
    fdt.property_string_list("compatible", compatible)?;
    fdt.property_array_u64("reg", &[base, map::PRIMECELL])?;
    fdt.property_array_u32("interrupts", &[SPI, spi, LEVEL])?;
    fdt.property_array_u32("clocks", &vec![PHANDLE_CLOCK; clocks.len()])?;
    let names = clocks.iter().map(|name| (*name).to_owned()).collect();
    fdt.property_string_list("clock-names", names)
}

fn write_uart(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node(&format!("pl011@{:x}", map::UART))?;
    write_primecell(fdt, "pl011", map::UART, map::spi::UART, &["uartclk", "apb_pclk"])?;
    fdt.end_node(node)
}

fn write_rtc(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node(&format!("pl031@{:x}", map::RTC))?;
    write_primecell(fdt, "pl031", map::RTC, map::spi::RTC, &["apb_pclk"])?;
    fdt.end_node(node)
}

fn write_gpio(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node(&format!("pl061@{:x}", map::GPIO))?;
    write_primecell(fdt, "pl061", map::GPIO, map::spi::GPIO, &["apb_pclk"])?;
    fdt.property_null("gpio-controller")?;
    fdt.property_u32("#gpio-cells", 2)?;
    fdt.property_null("interrupt-controller")?;
    fdt.property_u32("#interrupt-cells", 2)?;
    fdt.property_phandle(PHANDLE_GPIO)?;
    fdt.end_node(node)?;
    let keys = fdt.begin_node("gpio-keys")?;
    fdt.property_string("compatible", "gpio-keys")?;
    let key = fdt.begin_node("poweroff")?;
    fdt.property_string("label", "GPIO Key Poweroff")?;
    fdt.property_u32("linux,code", KEY_POWER)?;
    fdt.property_array_u32("gpios", &[PHANDLE_GPIO, map::POWER_KEY_PIN, 0])?;
    fdt.end_node(key)?;
    fdt.end_node(keys)
}

fn write_flash(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("flash@0")?;
    fdt.property_string("compatible", "cfi-flash")?;
    let banks: Vec<u64> =
        map::FLASH_BANKS.iter().flat_map(|base| [*base, map::FLASH_BANK_SIZE]).collect();
    fdt.property_array_u64("reg", &banks)?;
    fdt.property_u32("bank-width", 4)?;
    fdt.end_node(node)
}

fn write_virtio(fdt: &mut FdtWriter) -> Result<(), Error> {
    for slot in 0..map::VIRTIO_SLOTS {
        let base = map::VIRTIO + slot * map::VIRTIO_STRIDE;
        let node = fdt.begin_node(&format!("virtio_mmio@{base:x}"))?;
        fdt.property_string("compatible", "virtio,mmio")?;
        fdt.property_array_u64("reg", &[base, map::VIRTIO_STRIDE])?;
        fdt.property_array_u32("interrupts", &[SPI, map::spi::VIRTIO + slot as u32, EDGE])?;
        fdt.property_null("dma-coherent")?;
        fdt.end_node(node)?;
    }
    Ok(())
}
