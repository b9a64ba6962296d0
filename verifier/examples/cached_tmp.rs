#![allow(missing_docs)]
use callback_verifier::{DnsKeys,KeyName,KeyStore};
use std::time::{Instant,SystemTime};
fn main(){
    let keys=DnsKeys::with_name_servers(&[std::env::args().nth(1).unwrap().parse().unwrap()]).unwrap();
    let name=KeyName::parse("2026-11._domainkey.copernica.com").unwrap();
    let now=SystemTime::now();
    let rt=tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(keys.lookup(&name,now)).unwrap();
    let mut best=f64::MAX;
    for _ in 0..50 { let t=Instant::now(); for _ in 0..100_000 { std::hint::black_box(keys.cached(std::hint::black_box(&name),now)); } best=best.min(t.elapsed().as_secs_f64()/1e5*1e9); }
    println!("cached: {best:.1} ns");
    let t=Instant::now(); for i in 0..2000 { let n=KeyName::parse(&format!("n{i}.copernica.com")).unwrap(); let _=std::hint::black_box(rt.block_on(keys.lookup(&n,now))); } 
    println!("burst then throttled: {:.1} us each", t.elapsed().as_secs_f64()/2000.*1e6);
    let t=Instant::now(); for i in 0..200000 { let n=KeyName::parse(&format!("m{i}.copernica.com")).unwrap(); let _=std::hint::black_box(rt.block_on(keys.lookup(&n,now))); } 
    println!("throttled: {:.2} us each", t.elapsed().as_secs_f64()/200000.*1e6);
}
