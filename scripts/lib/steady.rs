//! The same work each time: as many rounds of arithmetic as its argument says, on one thread, without memory, files or network.

fn main() {
    let rounds: u64 = std::env::args().nth(1).and_then(|word| word.parse().ok()).expect("a number of rounds");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    println!("{state:016x}");
}
